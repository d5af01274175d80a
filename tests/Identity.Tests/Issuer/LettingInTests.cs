using System.Net;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>The command line in a browser on the same machine (RFC 8252): any port of the loopback address, and never without the person's own click.</summary>
public sealed class LettingInTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    private const string Callback = "http://127.0.0.1:48123/";

    private static AuthorizationRequest Request => new() { ClientId = "iot-cli", RedirectUri = Callback, Scope = "iot-bridge-api" };

    [SkippableFact]
    public async Task Flow_SignedInAndAllowed_GivesTokensOfThePerson_ThatOutliveTheBrowsersSession()
    {
        using var browser = new Browser();
        var page = await AskAsync(browser, Request);
        page.Text.ShouldContain("the iot command line");
        page.Html.ShouldNotContain("<script");

        var end = await DecideAsync(browser, page, "allow");

        IssuerFixture.Parameter(end, "state").ShouldBe("state-1");
        IssuerFixture.Parameter(end, "iss").ShouldBe(fixture.Issuer);
        var tokens = await RedeemAsync(IssuerFixture.Parameter(end, "code")!);
        tokens.Status.ShouldBe(200, tokens.Text);
        ((string?)tokens.Claims("access_token")["preferred_username"]).ShouldBe("ada");
        (await fixture.GetAsync(new Uri(fixture.Portal.Url, "portal/audit"), tokens["access_token"])).Status.ShouldBe(200);
        await browser.SubmitAsync(await browser.GetAsync(fixture.Portal.Home), "sign-out");
        (await fixture.PostAsync("token", [("client_id", "iot-cli"), ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"]!)])).Status.ShouldBe(200);
        (await fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.authorized' AND subject = 'iot-cli' AND details::json->>'flow' = 'browser'")).ShouldBeGreaterThan(0);
    }

    [SkippableFact]
    public async Task Flow_Refused_SaysSoToTheProgram()
    {
        using var browser = new Browser();

        var end = await DecideAsync(browser, await AskAsync(browser, Request), "deny");

        IssuerFixture.Parameter(end, "error").ShouldBe("access_denied");
        IssuerFixture.Parameter(end, "code").ShouldBeNull();
    }

    /// <summary>Another program on the machine, or a page that leads here: the session alone lets nothing in, also not after it let in something else.</summary>
    [SkippableFact]
    public async Task Attack_WithoutTheClick_NoCode()
    {
        using var browser = new Browser();
        await DecideAsync(browser, await AskAsync(browser, Request), "allow");

        (await browser.GetAsync(Request.Url(fixture), Callback)).Text.ShouldContain("Let the iot command line in?");
        var silent = await browser.GetAsync((Request with { Prompt = "none" }).Url(fixture), Callback);
        IssuerFixture.Parameter(silent, "error").ShouldBe("consent_required");
    }

    [SkippableTheory]
    [InlineData("made-up")]
    [InlineData("no")]
    public async Task Attack_TicketThatIsNone_NoCode(string ticket)
    {
        using var browser = new Browser();
        await AskAsync(browser, Request);

        var end = await browser.GetAsync(new Uri(Request.Url(fixture) + "&let_in=" + ticket), Callback);

        IssuerFixture.Parameter(end, "code").ShouldBeNull();
    }

    /// <summary>A ticket is one request's of one session's, and counts once, for a minute.</summary>
    [SkippableFact]
    public async Task Attack_TicketOfAnotherRequestOrSession_OrASecondTime_OrTooLate_NoCode()
    {
        using var browser = new Browser();
        using var other = new Browser();
        var ticket = await TicketAsync(browser);
        var another = Request with { Verifier = new('w', 64) };
        await AskAsync(other, Request, "oli");

        Code(await browser.GetAsync(With(another, ticket), Callback)).ShouldBeNull();
        Code(await other.GetAsync(With(Request, ticket), Callback)).ShouldBeNull();
        Code(await browser.GetAsync(With(Request, ticket), Callback)).ShouldNotBeNull();
        Code(await browser.GetAsync(With(Request, ticket), Callback)).ShouldBeNull();

        var late = await TicketAsync(browser);
        fixture.App.Time.Advance(TimeSpan.FromMinutes(1));
        Code(await browser.GetAsync(With(Request, late), Callback)).ShouldBeNull();
    }

    /// <summary>Base64url with white space in it decodes to the same ticket.</summary>
    [SkippableFact]
    public async Task Attack_TicketSpelledInAnotherWay_CountsOnce()
    {
        using var browser = new Browser();
        var ticket = await TicketAsync(browser);

        Code(await browser.GetAsync(With(Request, ticket), Callback)).ShouldNotBeNull();
        Code(await browser.GetAsync(With(Request, ticket.Insert(8, "    ")), Callback)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Attack_FormOfAnotherSite_NoCode()
    {
        using var browser = new Browser();
        var page = await AskAsync(browser, Request);
        var (url, fields) = page.Form("let-in");

        var forged = await browser.PostAsync(url, new Dictionary<string, string> { ["request"] = fields["request"], ["decision"] = "allow" }, Callback);

        forged.Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableTheory]
    [InlineData("http://127.0.0.1:48123/other")]
    [InlineData("http://localhost:48123/")]
    [InlineData("http://127.0.0.2:48123/")]
    [InlineData("https://127.0.0.1:48123/")]
    [InlineData("http://127.0.0.1.evil.example:48123/")]
    [InlineData("http://evil.example/")]
    [InlineData("http://127.0.0.1:48123@evil.example/")]
    [InlineData("http://127.0.0.1:48123/?next=https://evil.example/")]
    public async Task Attack_RedirectUriThatIsNotAPortOfTheLoopbackAddress_LeadsNowhere(string redirectUri)
    {
        using var browser = new Browser();

        var page = await browser.GetAsync((Request with { RedirectUri = redirectUri }).Url(fixture));

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        page.Text.ShouldContain("This link does not work");
    }

    private async Task<BrowserPage> AskAsync(Browser browser, AuthorizationRequest request, string username = "ada")
    {
        var page = await browser.GetAsync(request.Url(fixture), Callback);
        return page.Text.Contains("Let the iot command line in?", StringComparison.Ordinal) ? page
            : await browser.SubmitAsync(page, "sign-in", Callback, ("username", username), ("password", TestApp.Password));
    }

    private static Task<BrowserPage> DecideAsync(Browser browser, BrowserPage page, string decision) => browser.SubmitAsync(page, "let-in", Callback, ("decision", decision));

    /// <summary>Of a click, not used: as a page that leads on shows it.</summary>
    private async Task<string> TicketAsync(Browser browser)
    {
        var page = await AskAsync(browser, Request);
        var decided = await browser.SubmitAsync(page, "let-in", stopAt: new Uri(fixture.Issuer + "/protocol").AbsoluteUri, ("decision", "allow"));
        return QueryHelpers.ParseQuery(decided.Url.Query)["let_in"].ToString();
    }

    private Uri With(AuthorizationRequest request, string ticket) => new(request.Url(fixture) + "&let_in=" + Uri.EscapeDataString(ticket));

    private static string? Code(BrowserPage page) => IssuerFixture.Parameter(page, "code");

    private Task<TokenAnswer> RedeemAsync(string code) => fixture.PostAsync("token",
        [("client_id", "iot-cli"), ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Callback), ("code_verifier", Request.Verifier)]);
}
