using System.Net;
using IoTPlatform.Identity;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>The way to the identity provider and back, as it should go.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private LoginFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await LoginFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [SkippableFact]
    public async Task Begin_Always_AsksForACodeWithPkceStateAndNonce()
    {
        using var browser = new Browser();

        var request = QueryHelpers.ParseQuery((await _fixture.BeginAsync(browser)).Query);

        request["response_type"].ToString().ShouldBe("code");
        request["client_id"].ToString().ShouldBe("iot-portal");
        request["redirect_uri"].ToString().ShouldBe(_fixture.Portal.Callback.AbsoluteUri);
        request["code_challenge_method"].ToString().ShouldBe("S256");
        request["scope"].ToString().ShouldBe("openid");
        new[] { request["state"], request["nonce"], request["code_challenge"] }.ShouldAllBe(value => value.ToString().Length >= 43);
        request.Keys.Order().ShouldBe(["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"]);
        new[] { request["state"], request["nonce"], request["code_challenge"] }.Distinct().Count().ShouldBe(3);
        QueryHelpers.ParseQuery((await _fixture.BeginAsync(browser)).Query)["state"].ShouldNotBe(request["state"]);
    }

    /// <summary>The identity provider's administrators open no local account: nobody here asks them again who they are. The API refuses their tokens, too.</summary>
    [SkippableTheory]
    [InlineData("reset")]
    [InlineData("reset-factors")]
    public async Task Attack_ResetOfALocalAccount_ByAnAdministratorOfTheIdentityProvider_IsRefused(string action)
    {
        using var browser = new Browser();
        await _fixture.App.Accounts.CreateAsync("bob", TestApp.Password, [Roles.Admin], default);
        (await _fixture.SignInAsync(browser))["roles"].ShouldBe("cdm-admin");
        var list = new Uri(_fixture.Portal.Url, "portal/accounts");
        var (_, fields) = (await browser.GetAsync(list)).Form("accounts/add");
        fields["username"] = "bob";

        var page = await browser.PostAsync(new Uri($"{list}/{action}"), fields);

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page["link"].ShouldBeNull();
        (await _fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = 'bob' AND action LIKE 'account.%reset'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Complete_Always_ShowsWhoIsSignedInAndSetsACookieThatSaysNothing()
    {
        using var browser = new Browser();
        var tokens = new List<string>();
        _fixture.Logins.IdToken = c => c["identity_provider"] = "cdm-provider";
        _fixture.Logins.Answer = answer => tokens.AddRange(answer.Where(m => m.Key != "token_type").Select(m => (string)m.Value!));

        var page = await _fixture.SignInAsync(browser);

        page.Url.ShouldBe(_fixture.Portal.Home);
        page["name"].ShouldBe("ann");
        page["realm"].ShouldBe(_fixture.Issuer.Issuer);
        page["way"].ShouldBe("at the identity provider, through cdm-provider");
        page["roles"].ShouldBe("cdm-admin");
        var cookie = browser.SetCookies.Last(c => c.StartsWith(PortalApp.SessionCookie, StringComparison.Ordinal));
        cookie.ShouldContain("; path=/; secure; samesite=lax; httponly");
        cookie.ShouldNotContain("domain=");
        tokens.Count.ShouldBe(3);
        foreach (var token in tokens)
        {
            foreach (var part in token.Split('.'))
            {
                cookie.ShouldNotContain(part);
            }
        }

        cookie.Length.ShouldBeLessThan(1000);
        browser.Cookies.Keys.ShouldNotContain(c => c.Name.StartsWith(PortalApp.LoginCookie, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Session_InTheDatabaseAndTheLog_HasNoTokenInTheClear()
    {
        using var browser = new Browser();
        var tokens = new List<string>();
        _fixture.Logins.Answer = answer => tokens.AddRange(answer.Where(m => m.Key != "token_type").Select(m => (string)m.Value!));
        await _fixture.SignInAsync(browser);

        var row = (await _fixture.App.Database.ScalarAsync<string>("SELECT string_agg(s::text, ' ') FROM accounts.oidc_sessions s"))!;

        tokens.Count.ShouldBe(3);
        foreach (var token in tokens)
        {
            row.ShouldNotContain(token);
            _fixture.App.Log.Text.ShouldNotContain(token);
        }

        row.ShouldContain("CfDJ8");
    }

    [SkippableFact]
    public async Task Session_CiphertextMovedToAnotherPersonsRow_IsNoSession()
    {
        using var browser = new Browser();
        using var other = new Browser();
        await _fixture.SignInAsync(browser);
        await _fixture.SignInAsync(other);

        await _fixture.App.Database.ExecuteAsync("UPDATE accounts.oidc_sessions SET ciphertext = (SELECT min(ciphertext) FROM accounts.oidc_sessions)");

        new[] { await _fixture.Portal.NameAsync(browser), await _fixture.Portal.NameAsync(other) }.Count(name => name is null).ShouldBe(1);
    }

    [SkippableFact]
    public async Task SignOut_Always_EndsTheSessionAndGoesToTheProvidersOwn()
    {
        using var browser = new Browser();
        using var copy = new Browser();
        string? idToken = null;
        _fixture.Logins.Answer = answer => idToken = (string?)answer["id_token"];
        var page = await _fixture.SignInAsync(browser);
        PortalApp.Take(browser, copy, PortalApp.SessionCookie);

        var end = await browser.SubmitAsync(page, "sign-out", stopAt: _fixture.Issuer.Issuer);

        end.Url.AbsolutePath.ShouldEndWith("/logout");
        var query = QueryHelpers.ParseQuery(end.Url.Query);
        query["id_token_hint"].ToString().ShouldBe(idToken);
        query["client_id"].ToString().ShouldBe("iot-portal");
        query["post_logout_redirect_uri"].ToString().ShouldBe(_fixture.Portal.Home.AbsoluteUri);
        (await _fixture.Portal.NameAsync(copy)).ShouldBeNull();
        (await _fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'logout' AND actor = 'oidc:ann'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task SignOut_ProviderHasNoLogout_SaysThatThePersonMayStillBeSignedInThere()
    {
        using var browser = new Browser();
        var page = await _fixture.SignInAsync(browser);
        var discovery = _fixture.Issuer.DiscoveryJson();
        discovery.Remove("end_session_endpoint");
        _fixture.Issuer.Discovery = context => context.Response.WriteAsync(discovery.ToJsonString());
        _fixture.App.Time.Advance(TimeSpan.FromSeconds(3));

        (await browser.SubmitAsync(page, "sign-out")).Text.ShouldContain("may still be signed in there");

        (await _fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task SignOut_ProviderDown_SignsOutHere()
    {
        using var browser = new Browser();
        var page = await _fixture.SignInAsync(browser);
        await _fixture.Issuer.StopListeningAsync();
        _fixture.App.Time.Advance(TimeSpan.FromMinutes(30));

        // The session is due for a refresh; signing out works without the identity provider.
        (await browser.SubmitAsync(page, "sign-out")).Text.ShouldContain("Signed out");

        (await _fixture.Portal.NameAsync(browser)).ShouldBeNull();
        (await _fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.oidc_sessions")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Begin_ProviderDown_SaysSoAndOffersLocalAccounts()
    {
        using var browser = new Browser();
        await _fixture.Issuer.StopListeningAsync();

        var page = await browser.GetAsync(new Uri(_fixture.Portal.Url, "portal/oidc/login"));

        page.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        page.Text.ShouldContain("identity provider does not answer");
        (await browser.GetAsync(page.Link("Other ways"))).Form("sign-in").Fields.ShouldContainKey("return_path");
        _fixture.App.Log.Text.ShouldContain("came to nothing: ProviderDown");
    }

    [SkippableFact]
    public async Task Complete_ProviderDown_SaysSo()
    {
        using var browser = new Browser();
        var answer = _fixture.Logins.Answered(await _fixture.BeginAsync(browser));
        await _fixture.Issuer.StopListeningAsync();

        (await browser.GetAsync(answer)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [SkippableTheory]
    [InlineData("<html>not JSON", 200)]
    [InlineData("{}", 200)]
    [InlineData("""{"access_token":"x","token_type":"DPoP"}""", 200)]
    [InlineData("", 500)]
    [InlineData("", 302)]
    public async Task Complete_TokenEndpointAnswersNonsense_CountsAsDown(string body, int status)
    {
        using var browser = new Browser();
        _fixture.Logins.Endpoint = context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body);
        };

        (await _fixture.SignInAsync(browser)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [SkippableFact]
    public async Task Login_BackChannel_BrowsersGoToThePublicAddressAndThisHostDoesNot()
    {
        const string Public = "https://login.example/realms/cdm";
        await using var fixture = await LoginFixture.StartAsync(change: options => options with { Issuer = Public, BackChannel = new Uri(new Uri(options.Issuer), "/") });
        var issuer = fixture.Issuer;
        issuer.Discovery = context => context.Response.WriteAsync(issuer.DiscoveryJson().ToJsonString().Replace(issuer.Issuer, Public, StringComparison.Ordinal));
        fixture.Logins.IdToken = claims => claims["iss"] = Public;
        fixture.Logins.AccessToken = claims => claims["iss"] = Public;
        using var browser = new Browser();

        var request = (await browser.GetAsync(new Uri(fixture.Portal.Url, "portal/oidc/login"), stopAt: Public)).Url;
        var answer = fixture.Logins.Answered(request).AbsoluteUri.Replace(Uri.EscapeDataString(issuer.Issuer), Uri.EscapeDataString(Public), StringComparison.Ordinal);

        request.GetLeftPart(UriPartial.Path).ShouldBe(Public + "/auth");
        var page = await browser.GetAsync(new Uri(answer));
        page["realm"].ShouldBe(Public);
        (await browser.SubmitAsync(page, "sign-out", stopAt: Public)).Url.AbsolutePath.ShouldEndWith("/logout");
    }

    [SkippableFact]
    public async Task Begin_ClientNotSetUpYet_SaysWhatToDo()
    {
        await using var fixture = await LoginFixture.StartAsync(secret: null);
        using var browser = new Browser();

        var page = await browser.GetAsync(new Uri(fixture.Portal.Url, "portal/oidc/login"));

        page.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        page.Text.ShouldContain("iot identity init");
    }

    [SkippableFact]
    public async Task Complete_UserWithoutARole_ShowsTheReasonAndStartsNoSession()
    {
        using var browser = new Browser();
        _fixture.Roles("offline_access");

        var page = await _fixture.SignInAsync(browser);

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("no role here");
        QueryHelpers.ParseQuery((await browser.GetAsync(page.Link("somebody else"), stopAt: _fixture.Issuer.Issuer)).Url.Query)["prompt"].ToString().ShouldBe("login");
        (await _fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task EveryPage_Always_ForbidsScriptsFramingAndCaching()
    {
        using var browser = new Browser();
        var signIn = await browser.GetAsync(_fixture.Portal.Home);
        var failed = await browser.GetAsync(_fixture.Portal.Callback);
        var signedIn = await _fixture.SignInAsync(browser);

        foreach (var page in new[] { signIn, failed, signedIn })
        {
            var policy = page.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldContain("default-src 'self';");
            policy.ShouldContain("frame-ancestors 'none'");
            policy.ShouldNotContain("unsafe");
            page.Headers.CacheControl!.NoStore.ShouldBeTrue();
            page.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
            page.Headers.GetValues("Referrer-Policy").ShouldBe(["same-origin"]);
            page.Html.Replace(PortalApp.PasskeyScript, "", StringComparison.Ordinal).ShouldNotContain("<script");
            page.Html.ShouldNotContain("style=");
        }

        (await browser.GetAsync(new Uri(_fixture.Portal.Url, "portal/portal.css"))).Html.ShouldContain(":focus-visible");
    }
}
