using System.Net;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>The provider's staff at a tenant without an identity provider: a portal that is a client of the issuer.</summary>
public sealed class PlatformLoginTests(IssuerFixture issuer) : IClassFixture<IssuerFixture>, IAsyncLifetime
{
    private const string Client = "cdm-federation-initech";
    private const string Secret = "the tenant's secret";
    private readonly Browser _browser = new();
    private PortalApp _tenant = null!;

    public async Task InitializeAsync()
    {
        _tenant = await PortalApp.StartAsync(
            time: issuer.App.Time, secret: Secret,
            platform: new PlatformProvider { ClientId = Client, Issuer = new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.Portal.CaFile } });
        await RegisterAsync(_tenant.Callback);
        await _tenant.App.Accounts.CreateAsync("ada", TestApp.Password, [Roles.Viewer], default);
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _tenant.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData("ada", "cdm-admin")]
    [InlineData("oli", "cdm-viewer")]
    public async Task SignIn_StaffOfTheProvider_HasItsRoleHereAndANameOfItsOwn(string username, string role)
    {
        var page = await SignInAsync(_browser, username);

        page["name"].ShouldBe($"cdm-provider.{username}");
        page["realm"].ShouldBe(issuer.Issuer);
        page["way"].ShouldBe("at the identity provider, through cdm-provider");
        page["roles"].ShouldBe(role);
        (await _tenant.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND actor = $1", $"oidc:cdm-provider.{username}")).ShouldBe(1);
        // The account of the same name here is another one's: not linked, not used.
        (await _tenant.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.sessions")).ShouldBe(0);
        (await _tenant.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.accounts")).ShouldBe(1);
    }

    /// <summary>An account of the provider's may be called like an account here, by its e-mail address: it is another one's all the same.</summary>
    [SkippableFact]
    public async Task Attack_StaffThatIsCalledByATenantsEMailAddress_IsNotLinked()
    {
        const string Claimed = "boss@initech.example";
        await _tenant.App.Accounts.CreateAsync(Claimed, TestApp.Password, [Roles.Admin], default);
        await issuer.App.Accounts.CreateAsync(Claimed, TestApp.Password, [Roles.Operator], default);

        var page = await SignInAsync(_browser, Claimed);

        page["name"].ShouldBe("cdm-provider." + Claimed);
        page["roles"].ShouldBe("cdm-viewer", "not the tenant's account's");
        (await _tenant.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.sessions")).ShouldBe(0);
        (await _tenant.App.Database.ScalarAsync<string>("SELECT string_agg(username, ' ' ORDER BY username) FROM accounts.accounts")).ShouldBe("ada " + Claimed);
    }

    [SkippableFact]
    public async Task SignIn_WithoutAPlatformRole_Refused()
    {
        var page = await SignInAsync(_browser, "vic");

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("no role here");
        (await _tenant.NameAsync(_browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task LocalAccounts_AreOfferedFirst_AndGoOnWithoutTheProvider()
    {
        var page = await _browser.GetAsync(_tenant.Home);

        page.Link("Platform provider").AbsolutePath.ShouldBe("/portal/oidc/login");
        (await _browser.SubmitAsync(page, "sign-in", ("username", "ada"), ("password", TestApp.Password)))["roles"].ShouldBe("cdm-viewer");
    }

    [SkippableFact]
    public async Task Session_IsAskedAgain_AndEndsWithTheProviders()
    {
        using var provider = new Browser();
        await issuer.App.Accounts.CreateAsync("temp", TestApp.Password, [Roles.Admin], default);
        await SignInAsync(_browser, "temp");
        _tenant.Time.Advance(IssuerTokens.Lifetime - TimeSpan.FromSeconds(30));
        (await _browser.GetAsync(_tenant.Home))["roles"].ShouldBe("cdm-admin");
        await issuer.App.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = '{cdm-operator}' WHERE username = 'temp'");
        _tenant.Time.Advance(IssuerTokens.Lifetime - TimeSpan.FromSeconds(30));
        (await _browser.GetAsync(_tenant.Home))["roles"].ShouldBe("cdm-viewer");

        await issuer.App.Database.ExecuteAsync("DELETE FROM accounts.accounts WHERE username = 'temp'");
        _tenant.Time.Advance(IssuerTokens.Lifetime);

        (await _tenant.NameAsync(_browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task SignOut_EndsBothAndComesBack()
    {
        await SignInAsync(_browser, "ada");

        var page = await _browser.SubmitAsync(await _browser.GetAsync(_tenant.Home), "sign-out");

        page.Url.ShouldBe(_tenant.Home);
        (await _tenant.NameAsync(_browser)).ShouldBeNull();
        (await issuer.Portal.NameAsync(_browser)).ShouldBeNull();
    }

    /// <summary>Login CSRF, a stolen code, a mix-up of tenants: the answer belongs to another browser or another client.</summary>
    [SkippableFact]
    public async Task Answer_OfAnotherBrowserOrForAnotherTenant_Refused()
    {
        using var attacker = new Browser();
        var stolen = await AnswerAsync(attacker, "ada");
        (await _browser.GetAsync(stolen.Url)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await _tenant.NameAsync(_browser)).ShouldBeNull();

        var own = await AnswerAsync(_browser, "ada");
        var others = await issuer.CodeAsync(new AuthorizationRequest());
        var page = await _browser.GetAsync(With(own.Url, "code", others));
        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _tenant.NameAsync(_browser)).ShouldBeNull();
    }

    /// <summary>RFC 9207 section 2.4.</summary>
    [SkippableTheory]
    [InlineData("https://evil.example/realms/cdm")]
    [InlineData(null)]
    public async Task Answer_OfAnotherIssuer_Refused(string? named)
    {
        var answer = await AnswerAsync(_browser, "ada");

        (await _browser.GetAsync(With(answer.Url, "iss", named))).Status.ShouldBe(HttpStatusCode.Forbidden);

        (await _tenant.NameAsync(_browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Client_RemovedAtTheProvider_NobodySignsInThere()
    {
        await issuer.App.Services.GetRequiredService<IssuerClients>().RemoveAsync(Client, default);

        var page = await _browser.GetAsync((await _browser.GetAsync(_tenant.Home)).Link("Platform provider"));

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        page.Url.Host.ShouldBe("localhost");
    }

    [SkippableFact]
    public async Task AccessToken_OfTheProvider_OpensNothingHere()
    {
        var token = (await issuer.SignedInAsync(IssuerFixture.Api, "ada"))["access_token"];

        (await issuer.GetAsync(new Uri(_tenant.Url, "portal/audit"), token)).Status.ShouldBe(401);
    }

    private Task RegisterAsync(Uri callback) => issuer.App.Services.GetRequiredService<IssuerClients>().EnsureAsync(
        new IssuerClient { ClientId = Client, DisplayName = "tenant initech", RedirectUri = callback, PostLogoutRedirectUri = _tenant.Home, IsFederation = true }, Secret, default);

    private async Task<BrowserPage> SignInAsync(Browser browser, string username) => await browser.GetAsync((await AnswerAsync(browser, username)).Url);

    /// <summary>As far as the tenant's callback.</summary>
    private async Task<BrowserPage> AnswerAsync(Browser browser, string username)
    {
        var form = await browser.GetAsync((await browser.GetAsync(_tenant.Home)).Link("Platform provider"), _tenant.Callback.AbsoluteUri);
        return form.Url.AbsoluteUri.StartsWith(_tenant.Callback.AbsoluteUri, StringComparison.Ordinal)
            ? form
            : await browser.SubmitAsync(form, "/realms/cdm/sign-in", _tenant.Callback.AbsoluteUri, ("username", username), ("password", TestApp.Password));
    }

    private static Uri With(Uri url, string name, string? value)
    {
        var query = QueryHelpers.ParseQuery(url.Query);
        query.Remove(name);
        return new Uri(QueryHelpers.AddQueryString(url.GetLeftPart(UriPartial.Path), value is null ? query : new(query) { [name] = value }));
    }

    private static class IssuerTokens
    {
        public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    }
}
