using System.Net;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>Device authorization (RFC 8628), as the command line signs people in.</summary>
public sealed class DeviceFlowTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    private Uri Verification => new(fixture.Issuer + "/device");

    /// <summary>Sections 3.1 to 3.5.</summary>
    [SkippableFact]
    public async Task Flow_SignedInAndAllowed_GivesTokensOfThePerson()
    {
        using var browser = new Browser();
        var device = await BeginAsync();
        device["verification_uri"].ShouldBe(Verification.AbsoluteUri);
        (await PollAsync(device)).Error.ShouldBe("400 authorization_pending");

        var page = await SignInAsync(browser, "ada", new Uri(device["verification_uri_complete"]!));
        page["code"].ShouldBe(device["user_code"]);
        page.Text.ShouldContain("the iot command line");
        (await PollAsync(device)).Error.ShouldBe("400 authorization_pending");
        (await DecideAsync(browser, page, "allow")).Text.ShouldContain("let in");

        var tokens = await PollAsync(device);
        ((string?)tokens.Claims("access_token")["preferred_username"]).ShouldBe("ada");
        (await fixture.GetAsync(new Uri(fixture.Portal.Url, "portal/audit"), tokens["access_token"])).Status.ShouldBe(200);
        (await PollAsync(device)).Error.ShouldBe("400 invalid_grant");
        (await fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.authorized' AND subject = 'iot-cli' AND details::text LIKE '%device%'")).ShouldBeGreaterThan(0);
    }

    [SkippableFact]
    public async Task Flow_CodeTypedByHand_WorksToo()
    {
        using var browser = new Browser();
        var device = await BeginAsync();

        var page = await SignInAsync(browser, "oli", Verification);
        page.Html.ShouldNotContain("<script");
        page = await browser.GetAsync(new Uri(page.Form("/device").Action + "?user_code=" + Uri.EscapeDataString(device["user_code"]!.Replace('-', ' '))));
        await DecideAsync(browser, page, "allow");

        ((string?)(await PollAsync(device)).Claims("access_token")["preferred_username"]).ShouldBe("oli");
    }

    [SkippableFact]
    public async Task Flow_Refused_GivesNothing()
    {
        using var browser = new Browser();
        var device = await BeginAsync();

        var page = await DecideAsync(browser, await SignInAsync(browser, "ada", new Uri(device["verification_uri_complete"]!)), "deny");

        page.Text.ShouldContain("refused");
        (await PollAsync(device)).Error.ShouldBe("400 access_denied");
    }

    [SkippableFact]
    public async Task Flow_AfterTenMinutes_IsOver()
    {
        using var browser = new Browser();
        var device = await BeginAsync();
        fixture.App.Time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));

        (await PollAsync(device)).Error.ShouldBe("400 expired_token");
        (await SignInAsync(browser, "ada", new Uri(device["verification_uri_complete"]!))).Text.ShouldContain("no such code");
    }

    /// <summary>The device has a session of its own: it goes on when the browser signs out, and ends with the account.</summary>
    [SkippableFact]
    public async Task Refresh_AfterTheBrowsersSignOut_GoesOn_AndRolesAreThoseOfNow()
    {
        using var browser = new Browser();
        await fixture.App.Accounts.CreateAsync("dora", TestApp.Password, [Roles.Admin], default);
        var device = await BeginAsync();
        await DecideAsync(browser, await SignInAsync(browser, "dora", new Uri(device["verification_uri_complete"]!)), "allow");
        var first = await PollAsync(device);
        await browser.SubmitAsync(await browser.GetAsync(fixture.Portal.Home), "sign-out");
        await fixture.App.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = '{cdm-viewer}' WHERE username = 'dora'");

        var second = await RefreshAsync(first["refresh_token"]!);

        second.Claims("access_token")["realm_access"]!["roles"]!.AsArray().Select(role => (string?)role).ShouldBe(["cdm-viewer"]);
        await fixture.App.Database.ExecuteAsync("DELETE FROM accounts.accounts WHERE username = 'dora'");
        (await RefreshAsync(second["refresh_token"]!)).Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task Revoke_ByTheDevice_EndsItsRefreshToken()
    {
        using var browser = new Browser();
        var device = await BeginAsync();
        await DecideAsync(browser, await SignInAsync(browser, "ada", new Uri(device["verification_uri_complete"]!)), "allow");
        var tokens = await PollAsync(device);

        (await PostAsync("revoke", ("token", tokens["refresh_token"]!))).Status.ShouldBe(200);

        (await RefreshAsync(tokens["refresh_token"]!)).Error.ShouldBe("400 invalid_grant");
    }

    /// <summary>Section 5.4: a link that an attacker sent does nothing by itself, and another site can't click for the victim.</summary>
    [SkippableFact]
    public async Task Attack_LinkOrFormOfAnotherSite_LetsNothingIn()
    {
        using var victim = new Browser();
        using var attacker = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "ada", victim);
        var device = await BeginAsync();

        (await victim.GetAsync(new Uri(device["verification_uri_complete"]!))).Text.ShouldContain("Only go on if you have begun this yourself");
        var forged = new Dictionary<string, string> { ["user_code"] = device["user_code"]!, ["decision"] = "allow" };
        (await victim.PostAsync(Verification, forged)).Status.ShouldBe(HttpStatusCode.BadRequest);
        var (_, fields) = (await SignInAsync(attacker, "vic", new Uri(device["verification_uri_complete"]!))).Form("/device");
        fields["decision"] = "allow";
        (await victim.PostAsync(Verification, fields)).Status.ShouldBe(HttpStatusCode.BadRequest);

        (await PollAsync(device)).Error.ShouldBe("400 authorization_pending");
    }

    /// <summary>Section 5.1.</summary>
    [SkippableFact]
    public async Task Attack_GuessingCodes_IsSlowedDown()
    {
        using var browser = new Browser();
        var device = await BeginAsync();
        await SignInAsync(browser, "ada", Verification);
        for (var guess = 0; guess < IssuerLimits.GuessBurst; guess++)
        {
            (await browser.GetAsync(new Uri(Verification + "?user_code=0000-0000-0000"))).Status.ShouldBe(HttpStatusCode.NotFound);
        }

        (await browser.GetAsync(new Uri(device["verification_uri_complete"]!))).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        fixture.App.Time.Advance(TimeSpan.FromMinutes(30));
        (await browser.GetAsync(new Uri(Verification + "?user_code=0000-0000-0000"))).Status.ShouldNotBe(HttpStatusCode.TooManyRequests);
        fixture.App.Time.Advance(TimeSpan.FromHours(4));
    }

    [SkippableFact]
    public async Task Attack_CodesWithoutEnd_AreRefused()
    {
        fixture.App.Time.Advance(TimeSpan.FromMinutes(5));
        for (var device = 0; device < IssuerLimits.DeviceBurst; device++)
        {
            (await AskAsync("iot-bridge-api")).Status.ShouldBe(200);
        }

        (await AskAsync("iot-bridge-api")).Status.ShouldBe(429);
        fixture.App.Time.Advance(TimeSpan.FromMinutes(5));
    }

    [SkippableFact]
    public async Task Attack_AskingWithoutPause_IsSlowedDown()
    {
        var device = await BeginAsync();
        var limits = fixture.App.Services.GetRequiredService<IssuerLimits>();
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Loopback } };
        for (var poll = 0; poll < IssuerLimits.PollBurst - 10; poll++)
        {
            limits.Poll(context);
        }

        TokenAnswer answer;
        do
        {
            answer = await PollAsync(device);
        }
        while (answer.Error == "400 authorization_pending");

        answer.Status.ShouldBe(429);
        fixture.App.Time.Advance(TimeSpan.FromMinutes(2));
    }

    /// <summary>A client without a secret is limited by what it is refused.</summary>
    [SkippableFact]
    public async Task Attack_MadeUpRefreshTokens_AreSlowedDown()
    {
        for (var guess = 0; guess < IssuerLimits.FailureBurst; guess++)
        {
            (await RefreshAsync("made-up")).Error.ShouldBe("400 invalid_grant");
        }

        (await RefreshAsync("made-up")).Status.ShouldBe(429);
        fixture.App.Time.Advance(TimeSpan.FromMinutes(30));
    }

    [SkippableTheory]
    [InlineData("iot-federation")]
    [InlineData("everything")]
    public async Task Scope_ThatIsNotTheCommandLines_Refused(string scope) => (await AskAsync(scope)).Status.ShouldBe(400);

    /// <summary>Its client id is no secret: it gives nothing by itself.</summary>
    [SkippableTheory]
    [InlineData("client_credentials")]
    [InlineData("password")]
    [InlineData("authorization_code")]
    public async Task PublicClient_ByAnotherGrant_Refused(string grant)
    {
        var answer = await PostAsync("token", ("grant_type", grant), ("scope", "iot-bridge-api"), ("code", "x"), ("code_verifier", "x"), ("redirect_uri", "https://evil.example/"));

        answer.Status.ShouldBe(400);
        answer["access_token"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task SignIn_WrongPassword_SaysSoAndKeepsTheCode()
    {
        using var browser = new Browser();
        var device = await BeginAsync();
        var form = await browser.GetAsync(new Uri(device["verification_uri_complete"]!));

        var again = await browser.SubmitAsync(form, "device/sign-in", ("username", "ada"), ("password", "wrong"));
        again.Status.ShouldBe(HttpStatusCode.Forbidden);
        var page = await browser.SubmitAsync(again, "device/sign-in", ("username", "ada"), ("password", TestApp.Password));

        page["code"].ShouldBe(device["user_code"]);
    }

    private async Task<TokenAnswer> BeginAsync()
    {
        fixture.App.Time.Advance(TimeSpan.FromSeconds(6)); // of the limit
        var answer = await AskAsync("openid iot-bridge-api");
        answer.Status.ShouldBe(200, answer.Text);
        return answer;
    }

    private Task<TokenAnswer> AskAsync(string scope) => PostAsync("auth/device", ("scope", scope));

    private Task<TokenAnswer> PollAsync(TokenAnswer device) => PostAsync("token", ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", device["device_code"]!));

    private Task<TokenAnswer> RefreshAsync(string token) => PostAsync("token", ("grant_type", "refresh_token"), ("refresh_token", token));

    private Task<TokenAnswer> PostAsync(string endpoint, params (string Name, string Value)[] form) => fixture.PostAsync(endpoint, [("client_id", "iot-cli"), .. form]);

    private static async Task<BrowserPage> SignInAsync(Browser browser, string username, Uri verification) =>
        await browser.SubmitAsync(await browser.GetAsync(verification), "device/sign-in", ("username", username), ("password", TestApp.Password));

    private static Task<BrowserPage> DecideAsync(Browser browser, BrowserPage page, string decision) => browser.SubmitAsync(page, "/device", ("decision", decision));
}
