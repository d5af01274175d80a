using System.Net;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>What clients, tenants and other sites try at the issuer.</summary>
public sealed class IssuerAttackTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    /// <summary>RFC 9700 section 4.1: a code that leaves for another address is stolen.</summary>
    [SkippableTheory]
    [InlineData("https://cdm-federation-acme.example/Broker/endpoint/")]
    [InlineData("https://cdm-federation-acme.example/Broker/endpoin")]
    [InlineData("https://cdm-federation-acme.example/broker/endpoint")]
    [InlineData("https://cdm-federation-acme.example/Broker/endpoint?x=1")]
    [InlineData("https://cdm-federation-acme.example/Broker/x/../endpoint")]
    [InlineData("https://cdm-federation-acme.example/Broker/%65ndpoint")]
    [InlineData("https://cdm-federation-acme.example:444/Broker/endpoint")]
    [InlineData("https://cdm-federation-acme.example.evil.example/Broker/endpoint")]
    [InlineData("https://cdm-federation-acme.example@evil.example/Broker/endpoint")]
    [InlineData("http://cdm-federation-acme.example/Broker/endpoint")]
    [InlineData("https://cdm-federation-globex.example/Broker/endpoint")]
    [InlineData("//evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task RedirectUri_OtherThanTheClients_LeadsNowhere(string redirectUri)
    {
        using var browser = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), browser: browser);

        var page = await browser.GetAsync(new AuthorizationRequest { RedirectUri = redirectUri }.Url(fixture));

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        page.Headers.Location.ShouldBeNull();
        page.Html.ShouldContain("This link does not work");
        page.Html.ShouldNotContain("evil.example");
        page.Next.ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("code", null, "invalid_request")]
    [InlineData("code", "plain", "invalid_request")]
    [InlineData("token", "S256", "unsupported_response_type")]
    [InlineData("id_token", "S256", "unsupported_response_type")]
    [InlineData("code id_token", "S256", "unsupported_response_type")]
    public async Task Authorize_WithoutPkceOrByAnotherFlow_Refused(string responseType, string? challengeMethod, string error)
    {
        using var browser = new Browser();

        var callback = await browser.GetAsync(
            new AuthorizationRequest { ResponseType = responseType, ChallengeMethod = challengeMethod }.Url(fixture), stopAt: IssuerFixture.CallbackOf(IssuerFixture.Acme));

        (callback.Url + callback.Html).ShouldContain(error);
        callback.Html.ShouldNotContain("password");
    }

    [SkippableTheory]
    [InlineData("iot-bridge-api")]
    [InlineData("openid iot-bridge-api")]
    [InlineData("openid everything")]
    public async Task Authorize_ScopeThatATenantsClientMayNotHave_Refused(string scope)
    {
        using var browser = new Browser();

        var callback = await browser.GetAsync(new AuthorizationRequest { Scope = scope }.Url(fixture), stopAt: IssuerFixture.CallbackOf(IssuerFixture.Acme));

        callback.Text.ShouldMatch(@"\(invalid_(scope|request)\)");
        callback.Html.ShouldNotContain("password");
    }

    [SkippableFact]
    public async Task Code_UsedTwice_RefusedAndItsRefreshTokenIsGone()
    {
        var request = new AuthorizationRequest();
        var code = await fixture.CodeAsync(request);
        var first = await fixture.RedeemAsync(request, code);

        var second = await fixture.RedeemAsync(request, code);

        second.Error.ShouldBe("400 invalid_grant");
        (await fixture.RefreshAsync(IssuerFixture.Acme, first["refresh_token"]!)).Error.ShouldBe("400 invalid_grant"); // RFC 6749 section 4.1.2
    }

    [SkippableFact]
    public async Task Code_RedeemedTwiceAtOnce_GivesTokensOnce()
    {
        var request = new AuthorizationRequest();
        var code = await fixture.CodeAsync(request);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => fixture.RedeemAsync(request, code)));

        answers.Count(answer => answer.Status == 200).ShouldBeLessThanOrEqualTo(1);
        answers.Where(answer => answer.Status != 200).ShouldAllBe(answer => answer.Status == 400);
    }

    [SkippableFact]
    public async Task Code_WithAnotherVerifierClientOrRedirectUri_Refused()
    {
        var request = new AuthorizationRequest();
        foreach (var redeem in new Func<string, Task<TokenAnswer>>[]
        {
            code => fixture.RedeemAsync(request, code, verifier: new string('w', 64)),
            code => fixture.RedeemAsync(request, code, verifier: ""),
            code => fixture.RedeemAsync(request, code, client: IssuerFixture.Globex),
            code => fixture.RedeemAsync(request, code, redirectUri: IssuerFixture.CallbackOf(IssuerFixture.Globex)),
        })
        {
            var answer = await redeem(await fixture.CodeAsync(request));
            answer.Status.ShouldBe(400);
            answer["access_token"].ShouldBeNull();
        }
    }

    [SkippableFact]
    public async Task Code_OlderThanAMinute_Refused()
    {
        var request = new AuthorizationRequest();
        var code = await fixture.CodeAsync(request);
        fixture.App.Time.Advance(TimeSpan.FromSeconds(61));

        (await fixture.RedeemAsync(request, code)).Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task Code_OfASessionThatHasEndedSince_Refused()
    {
        using var browser = new Browser();
        var request = new AuthorizationRequest();
        var code = await fixture.CodeAsync(request, browser: browser);
        await browser.SubmitAsync(await browser.GetAsync(fixture.Portal.Home), "sign-out");

        (await fixture.RedeemAsync(request, code)).Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task RefreshToken_OfAnotherTenant_Refused()
    {
        var tokens = await fixture.SignedInAsync(IssuerFixture.Acme, "ada");

        (await fixture.RefreshAsync(IssuerFixture.Globex, tokens["refresh_token"]!)).Error.ShouldBe("400 invalid_grant");
        var seen = await fixture.PostAsync("token/introspect", IssuerFixture.Globex, IssuerFixture.SecretOf(IssuerFixture.Globex), ("token", tokens["refresh_token"]!));
        seen.Text.ShouldNotContain("ada");
    }

    [SkippableFact]
    public async Task AccessToken_SeenByAnotherTenant_SaysNothing()
    {
        var tokens = await fixture.SignedInAsync(IssuerFixture.Acme, "ada");

        var seen = await fixture.PostAsync("token/introspect", IssuerFixture.Globex, IssuerFixture.SecretOf(IssuerFixture.Globex), ("token", tokens["access_token"]!));
        seen.Json["active"]?.GetValue<bool>().ShouldNotBe(true);
        seen.Text.ShouldNotContain("ada");
    }

    [SkippableTheory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData("the secret of cdm-federation-globex")]
    public async Task Client_WithAnotherSecret_Refused(string secret)
    {
        var answer = await fixture.PostAsync("token", IssuerFixture.Acme, secret, ("grant_type", "authorization_code"), ("code", "x"), ("code_verifier", "x"));

        answer["access_token"].ShouldBeNull();
        answer.Status.ShouldBeOneOf(400, 401);
        answer["error"].ShouldBeOneOf("invalid_client", "invalid_request");
    }

    [SkippableTheory]
    [InlineData("password", "unsupported_grant_type")]
    [InlineData("client_credentials", "unauthorized_client")]
    [InlineData("urn:ietf:params:oauth:grant-type:token-exchange", "unsupported_grant_type")]
    public async Task Grant_ThatIsNotOffered_Refused(string grant, string error)
    {
        var answer = await fixture.TokenAsync(IssuerFixture.Acme, ("grant_type", grant), ("username", "ada"), ("password", TestApp.Password));

        answer.Error.ShouldBe("400 " + error);
    }

    [SkippableFact]
    public async Task SignIn_FormOfAnotherSite_RefusedAndNobodyIsSignedIn()
    {
        using var browser = new Browser();
        var form = new Dictionary<string, string> { ["username"] = "ada", ["password"] = TestApp.Password, ["request"] = new AuthorizationRequest().Query() };

        var page = await browser.PostAsync(new Uri(fixture.Issuer + "/sign-in"), form);

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/?client_id=x")]
    [InlineData("\r\nLocation: https://evil.example/")]
    [InlineData("&client_id=%0d%0aLocation:x")]
    public async Task SignIn_GoesOnToThisIssuerOnly(string request)
    {
        using var browser = new Browser();
        var page = await browser.GetAsync(new AuthorizationRequest().Url(fixture));
        var (action, fields) = page.Form("sign-in");
        (fields["username"], fields["password"], fields["request"]) = ("ada", TestApp.Password, request);

        var next = await browser.PostAsync(action, fields);

        next.Url.GetLeftPart(UriPartial.Path).ShouldBe(fixture.Endpoint("auth").AbsoluteUri);
        next.Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task SignIn_UnknownNameAndWrongPassword_LookTheSame()
    {
        using var browser = new Browser();

        var unknown = await RefusedAsync(browser, "nobody");
        var wrong = await RefusedAsync(browser, "oli");

        unknown.Status.ShouldBe(HttpStatusCode.Forbidden);
        wrong.Status.ShouldBe(unknown.Status);
        wrong.Text.ShouldBe(unknown.Text);
        wrong.Html.ShouldNotContain("wrong password 1");
    }

    [SkippableFact]
    public async Task SignIn_Guessing_IsSlowedDown()
    {
        using var browser = new Browser();
        await fixture.App.Accounts.CreateAsync("gus", TestApp.Password, [Roles.Admin], default);
        for (var guess = 0; guess < 5; guess++)
        {
            await RefusedAsync(browser, "gus");
        }

        var page = await fixture.SignInAsync(browser, new AuthorizationRequest(), "gus");

        page.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        page.Headers.RetryAfter.ShouldNotBeNull();
    }

    /// <summary>Session fixation: a cookie that an attacker planted is worth nothing after the victim's sign-in.</summary>
    [SkippableFact]
    public async Task SignIn_OverAPlantedSession_StartsAnotherAndEndsThePlantedOne()
    {
        using var attacker = new Browser();
        using var victim = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "vic", attacker);
        PortalApp.Take(attacker, victim, PortalApp.SessionCookie);

        await fixture.CodeAsync(new AuthorizationRequest { Prompt = "login" }, "ada", victim);

        (await fixture.Portal.NameAsync(victim)).ShouldBe("ada");
        (await fixture.Portal.NameAsync(attacker)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task SignOut_ByAnotherSite_AsksFirst()
    {
        using var browser = new Browser();
        using var other = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "ada", browser);
        var others = (await fixture.SignedInAsync(IssuerFixture.Acme, "oli", other))["id_token"];
        foreach (var query in new[] { "", "?id_token_hint=" + others })
        {
            (await browser.GetAsync(new Uri(fixture.Endpoint("logout") + query))).Text.ShouldContain("Sign out?");
        }

        (await browser.PostAsync(new Uri(fixture.Issuer + "/sign-out"), new Dictionary<string, string> { ["request"] = "" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await fixture.Portal.NameAsync(browser)).ShouldBe("ada");

        await browser.SubmitAsync(await browser.GetAsync(fixture.Endpoint("logout")), "sign-out");
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    /// <summary>A browser keeps a Lax cookie back from another site's form: that is no sign that nobody is signed in.</summary>
    [SkippableFact]
    public async Task SignOut_FormOfAnotherSite_DoesNotSayThatItIsDone()
    {
        using var browser = new Browser();
        using var withoutCookies = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "ada", browser);
        var form = new Dictionary<string, string> { ["client_id"] = IssuerFixture.Acme, ["post_logout_redirect_uri"] = AfterLogout };

        var page = await withoutCookies.PostAsync(fixture.Endpoint("logout"), form, stopAt: fixture.Endpoint("logout").AbsoluteUri);

        page.Url.AbsoluteUri.ShouldStartWith(fixture.Endpoint("logout") + "?");
        (await browser.GetAsync(page.Url)).Text.ShouldContain("Sign out?");
        (await fixture.Portal.NameAsync(browser)).ShouldBe("ada");
    }

    /// <summary>RP-Initiated Logout 1.0 section 3: without a hint nothing proves that it is the client who asks.</summary>
    [SkippableFact]
    public async Task SignOut_WithoutAHint_LeadsBackByAClickOnly()
    {
        using var browser = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "ada", browser);
        var request = new Uri($"{fixture.Endpoint("logout")}?client_id={IssuerFixture.Acme}&post_logout_redirect_uri={Uri.EscapeDataString(AfterLogout)}&state=%22%3E%3Cb%3E");

        var page = await browser.SubmitAsync(await browser.GetAsync(request), "sign-out", stopAt: AfterLogout);

        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
        page.Url.AbsolutePath.ShouldBe(fixture.Endpoint("logout").AbsolutePath);
        page.Html.ShouldNotContain("<b>");
        page.Link("cdm-federation-acme.example").AbsoluteUri.ShouldBe(AfterLogout + "?state=%22%3E%3Cb%3E");
        (await browser.GetAsync(request, stopAt: AfterLogout)).Url.Host.ShouldBe("localhost");
    }

    private static string AfterLogout => IssuerFixture.CallbackOf(IssuerFixture.Acme) + "/logout_response";

    [SkippableTheory]
    [InlineData("https://evil.example/")]
    [InlineData("https://cdm-federation-acme.example/Broker/endpoint")]
    [InlineData("https://cdm-federation-globex.example/Broker/endpoint/logout_response")]
    public async Task SignOut_ToAnAddressThatIsNotTheClients_LeadsNowhere(string address)
    {
        using var browser = new Browser();
        var tokens = await fixture.SignedInAsync(IssuerFixture.Acme, "ada", browser);

        var page = await browser.GetAsync(new Uri($"{fixture.Endpoint("logout")}?id_token_hint={tokens["id_token"]}&post_logout_redirect_uri={Uri.EscapeDataString(address)}"));

        page.Url.Host.ShouldBe("localhost");
        page.Html.ShouldNotContain("evil.example");
    }

    [SkippableFact]
    public async Task Pages_CannotBeFramedAndAreNotCached()
    {
        using var browser = new Browser();

        var page = await browser.GetAsync(new AuthorizationRequest().Url(fixture));

        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'");
        page.Headers.CacheControl!.NoStore.ShouldBeTrue();
        page.Html.Replace(PortalApp.PasskeyScript, "", StringComparison.Ordinal).ShouldNotContain("<script");
    }

    [SkippableFact]
    public async Task Parameter_GivenTwice_Refused()
    {
        using var browser = new Browser();

        var page = await browser.GetAsync(new Uri(new AuthorizationRequest().Url(fixture) + "&redirect_uri=https%3A%2F%2Fevil.example"));

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        page.Html.ShouldNotContain("evil.example");
    }

    [SkippableFact]
    public async Task ClientsName_IsShownAsText()
    {
        using var browser = new Browser();

        (await browser.GetAsync(new AuthorizationRequest { State = "\"><b>x" }.Url(fixture))).Html.ShouldNotContain("<b>x");
    }

    /// <summary>Any site can send a signed-in browser here, again and again.</summary>
    [SkippableFact]
    public async Task Authorize_AgainAndAgain_LeavesOneEntryASessionAndClient()
    {
        using var browser = new Browser();
        await fixture.App.Accounts.CreateAsync("lou", TestApp.Password, [Roles.Admin], default);
        var stop = IssuerFixture.CallbackOf(IssuerFixture.Globex);
        await fixture.CodeAsync(new AuthorizationRequest { ClientId = IssuerFixture.Globex }, "lou", browser);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => browser.GetAsync(new AuthorizationRequest { ClientId = IssuerFixture.Globex, Prompt = "none" }.Url(fixture), stop)));
        await fixture.CodeAsync(new AuthorizationRequest { ClientId = IssuerFixture.Globex, Prompt = "login" }, "lou", browser);

        (await fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.authorized' AND actor = 'lou'")).ShouldBe(2);
    }

    private async Task<BrowserPage> RefusedAsync(Browser browser, string username) => await fixture.SignInAsync(browser, new AuthorizationRequest(), username, "wrong password 1");
}
