using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>The provider's portal on a real Keycloak, as a browser goes about it.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class PortalTests(PortalTests.Staff staff) : IClassFixture<PortalTests.Staff>
{
    private const string Password = "correct horse";

    private KeycloakServer Keycloak => staff.Fixture.Keycloak;
    private ProviderStack Provider => staff.Fixture.Provider;
    private Uri Portal => new(Provider.Url, "portal");

    [SkippableFact]
    public async Task Admin_SignsInAndOut_AndIsSignedOutAtKeycloakToo()
    {
        using var browser = new Browser();

        var page = await SignInAsync(browser, "ann");

        page.Url.ShouldBe(new Uri(Provider.Url, "portal/ui"));
        page["name"].ShouldBe("ann");
        page["realm"].ShouldBe(Keycloak.Issuer(staff.Fixture.Realm));
        page["way"].ShouldBe("at the identity provider");
        page["roles"].ShouldBe("cdm-admin");
        (await Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND actor = 'oidc:ann'")).ShouldBe(1);

        var cookies = new Dictionary<(string, string, string), string>(browser.Cookies);
        var home = await browser.SubmitAsync(page, "sign-out");

        home.Url.ShouldBe(Portal);
        home.Text.ShouldContain("Sign in with a local account");
        (await browser.GetAsync(home.Link("Sign in"))).Form("login-actions").Action.Host.ShouldBe(Keycloak.Url.Host);

        // A copy of the cookie is not accepted either.
        using var thief = new Browser();
        foreach (var (key, value) in cookies.Where(c => c.Key.Item3.Contains("session", StringComparison.Ordinal)))
        {
            thief.Cookies[key] = value;
        }

        (await thief.GetAsync(Portal))["name"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task UserWithoutARole_ShowsTheReason()
    {
        using var browser = new Browser();

        var page = await SignInAsync(browser, "norole");

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("have no role here");
        page.Link("somebody else").Query.ShouldContain("as=somebody-else");
        browser.Cookies.Keys.ShouldNotContain(c => c.Name.EndsWith("-session", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task UserDisabledAtKeycloak_SessionEndsAtTheNextRefresh()
    {
        await Keycloak.AddUserAsync(staff.Fixture.Realm, "dana", Password, "cdm-operator");
        using var browser = new Browser();
        (await SignInAsync(browser, "dana"))["roles"].ShouldBe("cdm-operator");
        var user = (await Keycloak.AdminAsync(HttpMethod.Get, $"{staff.Fixture.Realm}/users?exact=true&username=dana"))![0]!;
        await Keycloak.AdminAsync(HttpMethod.Put, $"{staff.Fixture.Realm}/users/{user["id"]}", new JsonObject { ["enabled"] = false });

        (await browser.GetAsync(Portal))["name"].ShouldBe("dana");
        await RefreshIsDueAsync("dana");

        (await browser.GetAsync(Portal))["name"].ShouldBeNull();
        await Provider.Process.WaitForLineAsync(line => line.Contains("the session of oidc:dana has ended", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task RoleChangedAtKeycloak_ShowsAtTheNextRefresh()
    {
        await Keycloak.AddUserAsync(staff.Fixture.Realm, "rose", Password, "cdm-viewer");
        using var browser = new Browser();
        (await SignInAsync(browser, "rose"))["roles"].ShouldBe("cdm-viewer");
        await Keycloak.AddUserRoleAsync(staff.Fixture.Realm, "rose", "cdm-operator");
        await RefreshIsDueAsync("rose");

        (await browser.GetAsync(Portal))["roles"].ShouldBe("cdm-operator, cdm-viewer");
    }

    [SkippableFact]
    public async Task SessionEndedByKeycloaksAdministrator_EndsHereToo()
    {
        await Keycloak.AddUserAsync(staff.Fixture.Realm, "sam", Password, "cdm-viewer");
        using var browser = new Browser();
        await SignInAsync(browser, "sam");
        var user = (await Keycloak.AdminAsync(HttpMethod.Get, $"{staff.Fixture.Realm}/users?exact=true&username=sam"))![0]!;
        await Keycloak.AdminAsync(HttpMethod.Post, $"{staff.Fixture.Realm}/users/{user["id"]}/logout");
        await RefreshIsDueAsync("sam");

        (await browser.GetAsync(Portal))["name"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task KeycloakDown_LocalSignOutWorks_AndLocalAccountsGetIn()
    {
        using var browser = new Browser();
        var page = await SignInAsync(browser, "ann");
        using var local = new Browser();
        await Keycloak.StopAsync();
        try
        {
            var home = await local.GetAsync(Portal);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            BrowserPage down;
            while ((down = await local.GetAsync(home.Link("Sign in"), stopAt: Keycloak.Url.AbsoluteUri)).Status != HttpStatusCode.ServiceUnavailable)
            {
                await Task.Delay(200, patience.Token);
            }

            down.Text.ShouldContain("identity provider does not answer");
            var signedOut = await browser.SubmitAsync(page, "sign-out");
            signedOut.Text.ShouldContain("Signed out");
            signedOut.Text.ShouldContain("may still be signed in there");
            (await browser.GetAsync(Portal))["name"].ShouldBeNull();

            (await local.SubmitAsync(home, "sign-in", ("username", "admin"), ("password", ProviderStack.AdminPassword)))["way"].ShouldBe("with a local account");
        }
        finally
        {
            await Keycloak.StartAgainAsync();
        }
    }

    private async Task<BrowserPage> SignInAsync(Browser browser, string username)
    {
        var form = await browser.GetAsync((await browser.GetAsync(Portal)).Link("Sign in"));
        return await browser.SubmitAsync(form, "login-actions", ("username", username), ("password", Password));
    }

    private Task RefreshIsDueAsync(string username) => Provider.Database.ExecuteAsync($"UPDATE accounts.oidc_sessions SET refresh_at = now() WHERE name = 'oidc:{username}'");

    /// <summary>People in the platform's realm.</summary>
    public sealed class Staff : IAsyncLifetime
    {
        public KeycloakFixture Fixture { get; } = new();

        public async Task InitializeAsync()
        {
            await Fixture.InitializeAsync();
            await Fixture.Keycloak.AddUserAsync(Fixture.Realm, "ann", Password, "cdm-admin");
            await Fixture.Keycloak.AddUserAsync(Fixture.Realm, "norole", Password, "platform-admin");
        }

        public Task DisposeAsync() => Fixture.DisposeAsync();
    }
}
