using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Identity;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>Accounts by invitation: the administrator's API, the link, and who else tries it.</summary>
public sealed class InvitationTests(InvitationTests.Host host) : IClassFixture<InvitationTests.Host>
{
    private const string Chosen = "seven green bicycles at dawn";
    private int _number;

    private PortalApp Portal => host.Portal;

    private AccountAdministration Accounts => Portal.App.Services.GetRequiredService<AccountAdministration>();

    [SkippableFact]
    public async Task Add_ThePersonChoosesAPasswordAndSignsIn_AndTheLinkIsUsedUp()
    {
        using var browser = new Browser();
        var answer = await SendAsync(HttpMethod.Post, "", """{"username":"newcomer","roles":["cdm-operator"]}""");
        answer.Status.ShouldBe(HttpStatusCode.OK);
        var link = new Uri((string)answer.Json!["url"]!);
        (await SignInAsync(browser, "newcomer", Chosen)).Status.ShouldBe(HttpStatusCode.Forbidden);

        var page = await browser.GetAsync(link);
        page["account"].ShouldBe("newcomer");
        page.Html.ShouldNotContain("<script");
        (await ChooseAsync(browser, page, Chosen)).Text.ShouldContain("your password now");

        (await Portal.NameAsync(browser)).ShouldBeNull();
        (await SignInAsync(browser, "newcomer", Chosen))["roles"].ShouldBe("cdm-operator");
        (await browser.GetAsync(link)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await EntriesAsync("newcomer"))!.ShouldStartWith("account.invited by ada, login.failed by anonymous, account.password_chosen by newcomer");
    }

    [SkippableFact]
    public async Task Choose_TwiceAtOnce_WorksOnce()
    {
        var (token, _) = await Accounts.AddAsync(Name(), [Roles.Viewer], "ada", default);

        var done = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Accounts.ChooseAsync(token, Chosen + i, default)));

        done.Count(chosen => chosen).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Choose_AfterADay_OrOfADisabledAccount_IsTooLate()
    {
        var (late, _) = await Accounts.AddAsync(Name(), [Roles.Viewer], "ada", default);
        Portal.Time.Advance(AccountAdministration.InvitationLifetime + TimeSpan.FromSeconds(1));
        var disabled = Name();
        var (token, _) = await Accounts.AddAsync(disabled, [Roles.Viewer], "ada", default);
        await Accounts.DisableAsync(disabled, "ada", default);

        (await Accounts.ChooseAsync(late, Chosen, default)).ShouldBeFalse();
        (await Accounts.ChooseAsync(token, Chosen, default)).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData("short", "short", "characters")]
    [InlineData("passwordpassword", "passwordpassword", "tried first")]
    [InlineData(Chosen, Chosen + "!", "not the same")]
    public async Task Choose_BadPassword_IsExplainedAndNothingOfItShown(string password, string again, string explanation)
    {
        using var browser = new Browser();
        var (token, _) = await Accounts.AddAsync(Name(), [Roles.Viewer], "ada", default);

        var page = await ChooseAsync(browser, await browser.GetAsync(new Uri(Portal.Url, "portal/invitation?token=" + token)), password, again);

        page.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        page.Text.ShouldContain(explanation);
        page.Html.ShouldNotContain(password + "\"");
        (await Accounts.InvitedAsync(token, default)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Choose_FormOfAnotherSite_Refused()
    {
        using var browser = new Browser();
        var (token, _) = await Accounts.AddAsync(Name(), [Roles.Viewer], "ada", default);

        var page = await browser.PostAsync(new Uri(Portal.Url, "portal/invitation"), new Dictionary<string, string> { ["token"] = token, ["password"] = Chosen, ["again"] = Chosen });

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        (await Accounts.InvitedAsync(token, default)).ShouldNotBeNull();
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("%00%0d%0a")]
    public async Task Link_MadeUp_SaysNothing(string token)
    {
        using var browser = new Browser();

        var page = await browser.GetAsync(new Uri(Portal.Url, "portal/invitation?token=" + token));

        page.Status.ShouldBe(HttpStatusCode.NotFound);
        page.Headers.Location.ShouldBeNull();
    }

    [SkippableFact]
    public async Task Reset_EndsPasswordAndSessions_AndALinkFromBefore()
    {
        using var browser = new Browser();
        var name = Name();
        var (first, _) = await Accounts.AddAsync(name, [Roles.Viewer], "ada", default);
        await Accounts.ChooseAsync(first, Chosen, default);
        (await SignInAsync(browser, name, Chosen))["name"].ShouldBe(name);

        var (second, _) = await Accounts.ResetAsync(name, "ada", default);
        var (third, _) = await Accounts.ResetAsync(name, "ada", default);

        (await Portal.NameAsync(browser)).ShouldBeNull();
        (await SignInAsync(browser, name, Chosen)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await Accounts.ChooseAsync(second, Chosen, default)).ShouldBeFalse();
        (await Accounts.ChooseAsync(third, Chosen, default)).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Disable_EndsSessionsAndLogins_UntilEnabled()
    {
        using var browser = new Browser();
        var name = Name();
        var (token, _) = await Accounts.AddAsync(name, [Roles.Viewer], "ada", default);
        await Accounts.ChooseAsync(token, Chosen, default);
        await SignInAsync(browser, name, Chosen);

        (await SendAsync(HttpMethod.Post, $"/{name}/disable")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Portal.NameAsync(browser)).ShouldBeNull();
        var refused = await SignInAsync(browser, name, Chosen);
        refused.Text.ShouldContain("Unknown name or wrong password.");

        (await SendAsync(HttpMethod.Post, $"/{name}/enable")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await SignInAsync(browser, name, Chosen))["name"].ShouldBe(name);
    }

    [SkippableFact]
    public async Task Roles_CountAtOnce()
    {
        using var browser = new Browser();
        var name = Name();
        var (token, _) = await Accounts.AddAsync(name, [Roles.Viewer], "ada", default);
        await Accounts.ChooseAsync(token, Chosen, default);
        await SignInAsync(browser, name, Chosen);

        (await SendAsync(HttpMethod.Post, $"/{name}/roles", """{"roles":["cdm-operator"]}""")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await browser.GetAsync(Portal.Home))["roles"].ShouldBe("cdm-operator");
        (await SendAsync(HttpMethod.Post, $"/{name}/roles", """{"roles":["root"]}""")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await SendAsync(HttpMethod.Post, "/nobody-here/roles", """{"roles":["cdm-viewer"]}""")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task LastAdministrator_CanNeitherBeDisabledNorLoseTheRole()
    {
        (await SendAsync(HttpMethod.Post, "/ada/disable")).Status.ShouldBe(HttpStatusCode.Conflict);
        (await SendAsync(HttpMethod.Post, "/ada/roles", """{"roles":["cdm-viewer"]}""")).Status.ShouldBe(HttpStatusCode.Conflict);

        (await SendAsync(HttpMethod.Get, "")).Text.ShouldContain("\"ada\"");
    }

    [SkippableTheory]
    [InlineData("ada", HttpStatusCode.Conflict)]
    [InlineData("Ada", HttpStatusCode.BadRequest)]
    [InlineData("service-account-x", HttpStatusCode.BadRequest)]
    public async Task Add_NameThatIsTakenOrNone_Refused(string name, HttpStatusCode status) =>
        (await SendAsync(HttpMethod.Post, "", $$"""{"username":"{{name}}","roles":["cdm-viewer"]}""")).Status.ShouldBe(status);

    [SkippableFact]
    public async Task Api_WithoutTheRole_IsClosed()
    {
        (await SendAsync(HttpMethod.Get, "", token: "made-up")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(HttpMethod.Get, "", token: host.Viewer)).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    private string Name() => $"person-{Guid.NewGuid().ToString("N")[..8]}-{_number++}";

    private Task<BrowserPage> ChooseAsync(Browser browser, BrowserPage page, string password, string? again = null) =>
        browser.SubmitAsync(page, "/portal/invitation", ("password", password), ("again", again ?? password));

    private async Task<BrowserPage> SignInAsync(Browser browser, string username, string password)
    {
        var home = await browser.GetAsync(Portal.Home);
        return await browser.SubmitAsync(home, "sign-in", ("username", username), ("password", password));
    }

    private async Task<(HttpStatusCode Status, JsonNode? Json, string Text)> SendAsync(HttpMethod method, string path, string? json = null, string? token = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        using var request = new HttpRequestMessage(method, new Uri(Portal.Url, "portal/admin/accounts" + path));
        request.Headers.Authorization = new("Bearer", token ?? host.Admin);
        request.Content = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null, text);
    }

    private Task<string?> EntriesAsync(string subject) =>
        Portal.App.Database.ScalarAsync<string>("SELECT string_agg(action || ' by ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = $1", subject);

    public sealed class Host : IAsyncLifetime
    {
        internal PortalApp Portal { get; private set; } = null!;

        internal string Admin { get; private set; } = "";

        internal string Viewer { get; private set; } = "";

        public async Task InitializeAsync()
        {
            Portal = await PortalApp.StartAsync();
            Admin = await SignInAsync("ada", Roles.Admin);
            Viewer = await SignInAsync("vic", Roles.Viewer);
        }

        public async Task DisposeAsync()
        {
            if (Portal is not null)
            {
                await Portal.DisposeAsync();
            }
        }

        private async Task<string> SignInAsync(string username, string role)
        {
            await Portal.App.Accounts.CreateAsync(username, TestApp.Password, [role], default);
            return Portal.App.Token(username, role);
        }
    }
}
