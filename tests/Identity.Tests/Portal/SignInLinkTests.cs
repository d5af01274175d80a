using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>The link from a terminal into the browser.</summary>
public sealed class SignInLinkTests : IAsyncLifetime
{
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
        var link = await LinkAsync(await LogInAsync());

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
        var old = await LinkAsync(await LogInAsync());
        _portal.Time.Advance(TimeSpan.FromMinutes(11));
        (await _browser.GetAsync(new Uri(old.Url))).Status.ShouldBe(HttpStatusCode.NotFound);

        var link = await LinkAsync(await LogInAsync());
        await _portal.App.Database.ExecuteAsync("UPDATE accounts.accounts SET password_hash = password_hash || 'x' WHERE username = 'ann'");
        (await _browser.GetAsync(new Uri(link.Url))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>A session that was stolen must not be able to prolong itself.</summary>
    [SkippableFact]
    public async Task Link_OfASessionThatIsNoLongerFresh_OrCameFromALink_IsRefused()
    {
        var session = await LogInAsync();
        var link = await LinkAsync(session);
        _portal.Time.Advance(TimeSpan.FromMinutes(11));
        (await AskAsync(session)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var fresh = await LinkAsync(await LogInAsync());
        await OpenAsync(_browser, fresh);
        (await AskAsync(_portal.SessionOf(_browser))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        link.ShouldNotBeNull();
    }

    /// <summary>A site sends the browser to a link of its own making: its person stays who it was.</summary>
    [SkippableFact]
    public async Task Attack_LinkOpenedWithoutTheClick_ChangesNoSession()
    {
        await _portal.App.Accounts.CreateAsync("mallory", TestApp.Password, [Roles.Viewer], default);
        await OpenAsync(_browser, await LinkAsync(await LogInAsync()));
        var evil = await LinkAsync(await LogInAsync("mallory"));

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
        var (url, fields) = (await _browser.GetAsync(new Uri((await LinkAsync(await LogInAsync())).Url))).Form("portal/link");
        using var victim = new Browser();

        (await victim.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await _portal.NameAsync(victim)).ShouldBeNull();
    }

    /// <summary>As with every change of an account, which ends its other sessions: who had only the password gets in by no link from before.</summary>
    [SkippableFact]
    public async Task Link_OfASessionThatHasEnded_SignsNobodyIn()
    {
        var link = await LinkAsync(await LogInAsync());
        var page = await _browser.GetAsync(new Uri(link.Url));
        await _portal.App.Database.ExecuteAsync("DELETE FROM accounts.sessions");

        (await _browser.SubmitAsync(page, "portal/link")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await _browser.GetAsync(new Uri(link.Url))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task Link_WithoutASession_IsRefused() => (await _api.PostAsync("portal/sign-in-link", null)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

    private static async Task<BrowserPage> OpenAsync(Browser browser, SignInLink link) => await browser.SubmitAsync(await browser.GetAsync(new Uri(link.Url)), "portal/link");

    private async Task<string> LogInAsync(string username = "ann")
    {
        var answer = await _api.PostAsJsonAsync("portal/login", new LoginRequest { Username = username, Password = TestApp.Password }, ContractsJson.Default.LoginRequest);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.LoginResponse))!.AccessToken;
    }

    private async Task<HttpResponseMessage> AskAsync(string session)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "portal/sign-in-link");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", session);
        return await _api.SendAsync(request);
    }

    private async Task<SignInLink> LinkAsync(string session)
    {
        var answer = await AskAsync(session);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), ContractsJson.Default.SignInLink)!;
    }
}
