using System.Net;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>The client by which people get ID tokens for certificates: off by default, never without the person's click, and good for nothing else.</summary>
public sealed class StepClientTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    private const string Loopback = "http://127.0.0.1:48123";
    private const string Console = "urn:ietf:wg:oauth:2.0:oob";
    private const string Question = "Let step in?";

    private static AuthorizationRequest Request => new() { ClientId = "step", RedirectUri = Console, Scope = "openid email" };

    [SkippableFact]
    public async Task Client_UnlessTurnedOn_IsNotThere()
    {
        await TurnAsync(isOn: false);
        using var browser = new Browser();

        var page = await browser.GetAsync(Request.Url(fixture));

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        page.Text.ShouldContain("This link does not work");
    }

    [SkippableFact]
    public async Task Console_ShowsACode_ThatBuysAnIdTokenOfThePerson()
    {
        await TurnAsync(isOn: true);
        await AccountAsync("ann@iot.example");
        using var browser = new Browser();
        var page = await AskAsync(browser, Request, "ann@iot.example");
        page.Html.ShouldNotContain("<script");
        page.Text.ShouldContain("for a certificate in your name of the CA at ");

        var shown = await DecideAsync(browser, page, "allow");

        shown.Status.ShouldBe(HttpStatusCode.OK);
        shown.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var tokens = await RedeemAsync(shown["code"]!);
        tokens.Status.ShouldBe(200, tokens.Text);
        var claims = tokens.Claims("id_token");
        ((string?)claims["aud"], (string?)claims["email"], (bool?)claims["email_verified"], (string?)claims["nonce"]).ShouldBe(("step", "ann@iot.example", true, "nonce-1"));
        claims["groups"]!.AsArray().Select(group => (string?)group).ShouldBe([Roles.Operator]);
        tokens["refresh_token"].ShouldBeNull();
        (await RedeemAsync(shown["code"]!)).Error.ShouldBe("400 invalid_grant");
    }

    /// <summary>A name that is no address has none: the platform knows no other, and makes none up.</summary>
    [SkippableFact]
    public async Task Token_OfANameThatIsNoAddress_HasNone()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();
        var shown = await DecideAsync(browser, await AskAsync(browser, Request, "oli"), "allow");

        var claims = (await RedeemAsync(shown["code"]!)).Claims("id_token");

        claims.Select(claim => claim.Key).ShouldNotContain("email");
        claims.Select(claim => claim.Key).ShouldNotContain("email_verified");
    }

    [SkippableFact]
    public async Task AccessToken_OfAnAdministrator_OpensNothing()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();
        var shown = await DecideAsync(browser, await AskAsync(browser, Request, "ada"), "allow");

        var tokens = await RedeemAsync(shown["code"]!);

        tokens["access_token"].ShouldNotBeNull();
        (await fixture.GetAsync(new Uri(fixture.Portal.Url, "portal/audit"), tokens["access_token"])).Status.ShouldBe(401);
    }

    [SkippableTheory]
    [InlineData("openid email iot-bridge-api")]
    [InlineData("openid email iot-federation")]
    [InlineData("openid email offline_access")]
    public async Task Scope_BeyondIdentity_IsRefused(string scope)
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();

        (await browser.GetAsync((Request with { Scope = scope }).Url(fixture))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Loopback_AnyPort_TakesTheCode()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();
        var request = Request with { RedirectUri = Loopback };

        var end = await DecideAsync(browser, await AskAsync(browser, request, "oli"), "allow");

        end.Url.GetLeftPart(UriPartial.Path).ShouldBe(Loopback + "/");
        (await RedeemAsync(IssuerFixture.Parameter(end, "code")!, Loopback)).Status.ShouldBe(200);
    }

    [SkippableFact]
    public async Task Refused_NoCodeIsShown()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();

        var page = await DecideAsync(browser, await AskAsync(browser, Request, "oli"), "deny");

        page.Text.ShouldContain("It was refused");
        page["code"].ShouldBeNull();
    }

    /// <summary>Also of one who lets it in again and again: a page that leads here gets no code by itself.</summary>
    [SkippableFact]
    public async Task Attack_WithoutTheClick_NoCodeIsShown()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();
        await DecideAsync(browser, await AskAsync(browser, Request, "oli"), "allow");

        (await browser.GetAsync(Request.Url(fixture)))["code"].ShouldBeNull();
        (await browser.GetAsync((Request with { Prompt = "none" }).Url(fixture)))["code"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task Attack_CodeThatSomebodyElseBegan_IsNotRedeemedByAnother()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();
        var shown = await DecideAsync(browser, await AskAsync(browser, Request, "oli"), "allow");

        (await RedeemAsync(shown["code"]!, verifier: new string('w', 64))).Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task Code_AfterASignOut_OrTooLate_OrAfterTheClientIsTurnedOff_BuysNothing()
    {
        await TurnAsync(isOn: true);
        using var browser = new Browser();
        var late = await CodeAsync();
        fixture.App.Time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        (await RedeemAsync(late)).Error.ShouldBe("400 invalid_grant");

        var signedOut = await CodeAsync();
        await browser.SubmitAsync(await browser.GetAsync(fixture.Portal.Home), "sign-out");
        (await RedeemAsync(signedOut)).Error.ShouldBe("400 invalid_grant");

        var off = await CodeAsync();
        await TurnAsync(isOn: false);
        (await RedeemAsync(off)).Status.ShouldBeInRange(400, 401);

        async Task<string> CodeAsync() => (await DecideAsync(browser, await AskAsync(browser, Request, "oli"), "allow"))["code"]!;
    }

    [SkippableFact]
    public async Task Console_OfAnotherClient_LeadsNowhere()
    {
        using var browser = new Browser();

        var page = await browser.GetAsync((Request with { ClientId = "iot-cli", Scope = "iot-bridge-api" }).Url(fixture));

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    private Task TurnAsync(bool isOn) => fixture.App.Services.GetRequiredService<IssuerClients>().EnsureStepAsync(isOn, default);

    private Task AccountAsync(string name) => fixture.App.Accounts.CreateAsync(name, TestApp.Password, [Roles.Operator], default);

    private async Task<BrowserPage> AskAsync(Browser browser, AuthorizationRequest request, string username)
    {
        var page = await browser.GetAsync(request.Url(fixture), Loopback);
        return page.Text.Contains(Question, StringComparison.Ordinal) ? page
            : await browser.SubmitAsync(page, "sign-in", Loopback, ("username", username), ("password", TestApp.Password));
    }

    private static Task<BrowserPage> DecideAsync(Browser browser, BrowserPage page, string decision) => browser.SubmitAsync(page, "let-in", Loopback, ("decision", decision));

    /// <summary>As step sends it, with a secret that is empty.</summary>
    private Task<TokenAnswer> RedeemAsync(string code, string redirectUri = Console, string? verifier = null) => fixture.PostAsync("token",
        [("client_id", "step"), ("client_secret", ""), ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", verifier ?? Request.Verifier)]);
}
