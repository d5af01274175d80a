using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>The link from a terminal into the browser.</summary>
public sealed class SignInLinkTests : IAsyncLifetime
{
    private const string Operator = "operator:root";
    private const string AddPasskey = """
        INSERT INTO accounts.passkeys (credential_id, account, name, public_key, sign_count, transports, backup_eligible, backed_up, added_at)
        SELECT 'x', id, 'key', 'x', 0, '{}', false, false, now() FROM accounts.accounts WHERE username = 'ann'
        """;

    private readonly Browser _browser = new();
    private PortalApp _portal = null!;
    private HttpClient _api = null!;

    public async Task InitializeAsync()
    {
        _portal = await PortalApp.StartAsync();
        await _portal.App.Accounts.CreateAsync("ann", TestApp.Password, [Roles.Operator], default);
        _api = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = _portal.Url };
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        _api.Dispose();
        await _portal.DisposeAsync();
    }

    [SkippableFact]
    public async Task Link_SignsTheSamePersonIn_Once()
    {
        var link = await LinkAsync();

        (await OpenAsync(_browser, link))["name"].ShouldBe("ann");

        using var second = new Browser();
        var again = await OpenAsync(second, link);
        again.Status.ShouldBe(HttpStatusCode.NotFound);
        (await second.GetAsync(_portal.Home))["name"].ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("CfDJ8")]
    public async Task Link_OfSomebodyElsesMaking_SignsNobodyIn(string ticket) =>
        (await _browser.GetAsync(new Uri(_portal.Url, "portal/link?ticket=" + ticket))).Status.ShouldBe(HttpStatusCode.NotFound);

    [SkippableFact]
    public async Task Link_TooOld_OrPasswordReplacedSince_SignsNobodyIn()
    {
        var old = await LinkAsync();
        _portal.Time.Advance(TimeSpan.FromMinutes(11));
        (await _browser.GetAsync(new Uri(old.Url))).Status.ShouldBe(HttpStatusCode.NotFound);

        var link = await LinkAsync();
        await _portal.App.Database.ExecuteAsync("UPDATE accounts.accounts SET password_hash = password_hash || 'x' WHERE username = 'ann'");
        (await _browser.GetAsync(new Uri(link.Url))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>It opens another's account: a token that lies about must not be able to.</summary>
    [SkippableTheory]
    [InlineData("ann", Roles.Admin)]
    [InlineData("service-account-deployer", Roles.Admin)]
    [InlineData(Operator, Roles.Viewer)]
    public async Task Attack_LinkForWhoIsNotTheOperatorOfTheMachine_IsRefused(string caller, string role) =>
        (await AskAsync(_portal.App.Token(caller, role), "ann")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

    /// <summary>It stands for the password, and that is not enough there.</summary>
    [SkippableTheory]
    [InlineData("UPDATE accounts.accounts SET disabled_at = now() WHERE username = 'ann'")]
    [InlineData("UPDATE accounts.accounts SET password_hash = NULL WHERE username = 'ann'")]
    [InlineData(AddPasskey)]
    public async Task Link_ToAnAccountThatThePasswordAloneDoesNotOpen_ThereIsNone_AndOneFromBeforeIsWorthNothing(string change)
    {
        var before = await LinkAsync();
        var page = await _browser.GetAsync(new Uri(before.Url));
        await _portal.App.Database.ExecuteAsync(change);

        (await AskAsync(_portal.App.Token(Operator, Roles.Admin), "ann")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await _browser.GetAsync(new Uri(before.Url))).Status.ShouldBe(HttpStatusCode.NotFound);
        (await _browser.SubmitAsync(page, "portal/link")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await _portal.NameAsync(_browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Link_ToNobody_IsNotFound() => (await AskAsync(_portal.App.Token(Operator, Roles.Admin), "nobody")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

    /// <summary>A site sends the browser to a link of its own making: its person stays who it was.</summary>
    [SkippableFact]
    public async Task Attack_LinkOpenedWithoutTheClick_ChangesNoSession()
    {
        await _portal.App.Accounts.CreateAsync("mallory", TestApp.Password, [Roles.Viewer], default);
        await OpenAsync(_browser, await LinkAsync());
        var evil = await LinkAsync("mallory");

        var page = await _browser.GetAsync(new Uri(evil.Url));

        page["account"].ShouldBe("mallory");
        (await _portal.NameAsync(_browser)).ShouldBe("ann");
        using var nobody = new Browser();
        await nobody.GetAsync(new Uri(evil.Url));
        (await _portal.NameAsync(nobody)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Attack_FormOfAnotherSite_SignsNobodyIn()
    {
        var (url, fields) = (await _browser.GetAsync(new Uri((await LinkAsync()).Url))).Form("portal/link");
        using var victim = new Browser();

        (await victim.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await _portal.NameAsync(victim)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Link_WithoutAToken_IsRefused() => (await AskAsync("", "ann")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

    private static async Task<BrowserPage> OpenAsync(Browser browser, SignInLink link) => await browser.SubmitAsync(await browser.GetAsync(new Uri(link.Url)), "portal/link");

    private async Task<HttpResponseMessage> AskAsync(string token, string username)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"portal/admin/accounts/{username}/sign-in-link");
        request.Headers.Authorization = token.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", token);
        return await _api.SendAsync(request);
    }

    private async Task<SignInLink> LinkAsync(string username = "ann")
    {
        var answer = await AskAsync(_portal.App.Token(Operator, Roles.Admin), username);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), ContractsJson.Default.SignInLink)!;
    }
}
