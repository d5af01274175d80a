using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Factors;

/// <summary>Passkeys at the sign-in and on the account page, and who brings another one.</summary>
public sealed class PasskeyTests(FactorFixture fixture) : IClassFixture<FactorFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private string Origin => fixture.Portal.Url.GetLeftPart(UriPartial.Authority);

    [SkippableFact]
    public async Task Passkey_OpensTheAccountByItself_WithoutAName()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        using var browser = new Browser();

        var page = await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), authenticator);

        page["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldEndWith("account.factor_added passkey, login.succeeded passkey");
        (await browser.GetAsync(fixture.Account))["passkeys"].ShouldBe("my key");
    }

    [SkippableFact]
    public async Task Passkey_AsSecondFactor_OrARecoveryCodeInItsPlace()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        using var browser = new Browser();

        var step = await person.PasswordAsync(browser);
        step.Text.ShouldContain("Now the second factor.");
        (await SignInAsync(browser, step, authenticator))["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldEndWith("login.succeeded password+passkey");

        using var another = new Browser();
        (await person.SignInAsync(person.RecoveryCodes[0], another))["name"].ShouldBe(person.Name);
    }

    [SkippableFact]
    public async Task Page_HasNoInlineScript_AndTheFormsStayHiddenWithoutIt()
    {
        using var browser = new Browser();

        var page = await browser.GetAsync(fixture.Portal.Home);
        var script = await browser.GetAsync(new Uri(fixture.Portal.Url, "portal/passkey.js"));

        Regex.Matches(page.Html, "<script[^>]*>", RegexOptions.None, Limit).Select(match => match.Value).ShouldBe([PortalApp.PasskeyScript[..^"</script>".Length]]);
        page.Html.ShouldMatch("<form[^>]*data-passkey=\"get\"[^>]* hidden>");
        page.Headers.GetValues("Content-Security-Policy").ShouldBe(["default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"]);
        script.Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Attack_AnswerShownTwice_IsRefused_AlsoOfAPasskeyThatCountsNothing()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person, new SoftwareAuthenticator(Origin) { Counts = false });
        using var browser = new Browser();
        var home = await browser.GetAsync(fixture.Portal.Home);
        var (url, fields) = Answer(home, authenticator);
        using var thief = new Browser();
        var (_, own) = Answer(await thief.GetAsync(fixture.Portal.Home), authenticator);

        (await browser.PostAsync(url, fields))["name"].ShouldBe(person.Name);
        own["passkey_state"] = fields["passkey_state"];
        own["credential"] = fields["credential"];
        (await thief.PostAsync(url, own)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.Portal.NameAsync(thief)).ShouldBeNull();
    }

    // WebAuthn section 6.1.1
    [SkippableFact]
    public async Task Attack_ClonedAuthenticator_IsRefusedWhenItsCountIsBehind()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        using var browser = new Browser();
        authenticator.Count = 10;
        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), authenticator))["name"].ShouldBe(person.Name);

        authenticator.Count = 10;
        using var thief = new Browser();
        (await SignInAsync(thief, await thief.GetAsync(fixture.Portal.Home), authenticator)).Status.ShouldBe(HttpStatusCode.Forbidden);
        authenticator.Count = 3;
        (await SignInAsync(thief, await thief.GetAsync(fixture.Portal.Home), authenticator)).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Attack_PasskeyOfAnotherAccount_IsNoSecondFactorHere()
    {
        using var person = await fixture.PersonAsync();
        using var own = await AddedAsync(person);
        using var thief = await fixture.PersonAsync();
        using var thiefs = await AddedAsync(thief);
        using var browser = new Browser();

        (await SignInAsync(browser, await person.PasswordAsync(browser), thiefs)).Status.ShouldBe(HttpStatusCode.Forbidden);
        thiefs.UserHandle = own.UserHandle;
        (await SignInAsync(browser, await person.PasswordAsync(browser), thiefs)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), thiefs)).Status.ShouldBe(HttpStatusCode.Forbidden);
        thiefs.CredentialId = own.CredentialId;
        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), thiefs)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("https://evil.example", null, true, 0)]
    [InlineData("https://localhost", null, true, 0)]
    [InlineData(null, "evil.example", true, 0)]
    [InlineData(null, null, false, 0)]
    [InlineData(null, null, true, 1)]
    public async Task Attack_OtherOriginOrSite_UserNotVerified_OrDamagedSignature_IsRefused(string? origin, string? relyingParty, bool verifies, byte damage)
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        using var browser = new Browser();
        authenticator.Origin = origin ?? authenticator.Origin;
        (authenticator.RelyingParty, authenticator.VerifiesUser, authenticator.Damage) = (relyingParty, verifies, damage);

        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), authenticator)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"id\":\"AA\",\"type\":\"public-key\",\"response\":{}}")]
    [InlineData("[[[[")]
    public async Task Attack_Malformed_IsRefusedAsEverythingElse(string credential)
    {
        using var browser = new Browser();
        var (url, fields) = PasskeyForm(await browser.GetAsync(fixture.Portal.Home));
        fields["credential"] = credential;

        var page = await browser.PostAsync(url, fields);

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("This passkey was not accepted.");
    }

    [SkippableFact]
    public async Task Attack_PasskeyMadeInAnotherSession_OrAnAnswerThatAddsNone_IsRefused()
    {
        using var person = await fixture.PersonAsync();
        await person.ConfirmedAsync();
        using var thief = await fixture.PersonAsync();
        await thief.ConfirmedAsync();
        using var authenticator = new SoftwareAuthenticator(Origin);
        var (_, thiefs) = PasskeyForm(await thief.AccountAsync());
        var credential = authenticator.Create(OptionsOf(await thief.AccountAsync()));
        var (url, fields) = PasskeyForm(await person.AccountAsync());

        fields["credential"] = credential;
        (await person.Browser.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        fields["passkey_state"] = thiefs["passkey_state"];
        (await person.Browser.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await person.AccountAsync())["passkeys"].ShouldBe("none");
    }

    [SkippableFact]
    public async Task Attack_AddingAPasskeyWithoutReauthentication_OrOneThatExists_IsRefused()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        var page = await person.AccountAsync();
        var (url, fields) = PasskeyForm(page);
        fields["credential"] = authenticator.Create(OptionsOf(page));
        (await person.Browser.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);

        using var another = new SoftwareAuthenticator(Origin);
        page = await person.AccountAsync();
        (url, fields) = PasskeyForm(page);
        fields["credential"] = another.Create(OptionsOf(page));
        await ExpireConfirmationAsync(person);
        (await person.Browser.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await person.AccountAsync())["passkeys"].ShouldBe("my key");
    }

    [SkippableFact]
    public async Task Confirm_ByPasskey_StandsForBothFactors()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        await ExpireConfirmationAsync(person);

        var page = await person.AccountAsync();
        page.Html.ShouldNotContain("passkeys/remove");
        page = await SignInAsync(person.Browser, page, authenticator);

        page.Html.ShouldContain("passkeys/remove");
    }

    [SkippableFact]
    public async Task Removed_TheLastFactor_ThePasswordIsEnough_AndThePasskeyOpensNothing()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);

        var page = await person.Browser.SubmitAsync(await person.AccountAsync(), "passkeys/remove");

        page["passkeys"].ShouldBe("none");
        page["recovery-codes"].ShouldBe("0");
        using var browser = new Browser();
        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), authenticator)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await person.SignInAsync(browser: browser))["name"].ShouldBe(person.Name);
    }

    [SkippableFact]
    public async Task Disabled_OrReset_ThePasskeyOpensNothing()
    {
        using var person = await fixture.PersonAsync();
        using var authenticator = await AddedAsync(person);
        var accounts = fixture.App.Services.GetRequiredService<AccountAdministration>();
        using var browser = new Browser();

        await accounts.DisableAsync(person.Name, "ada", default);
        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), authenticator)).Status.ShouldBe(HttpStatusCode.Forbidden);
        await accounts.EnableAsync(person.Name, "ada", default);
        await accounts.ResetAsync(person.Name, "ada", default);
        (await SignInAsync(browser, await browser.GetAsync(fixture.Portal.Home), authenticator)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    private async Task<SoftwareAuthenticator> AddedAsync(Person person, SoftwareAuthenticator? authenticator = null)
    {
        authenticator ??= new SoftwareAuthenticator(Origin);
        await person.ConfirmedAsync();
        var page = await person.AccountAsync();
        var (url, fields) = PasskeyForm(page);
        fields["credential"] = authenticator.Create(OptionsOf(page));
        fields["name"] = "my key";
        person.Shown(await person.Browser.PostAsync(url, fields));
        person.RecoveryCodes.Count.ShouldBe(RecoveryCode.PerAccount);
        return authenticator;
    }

    private static Task<BrowserPage> SignInAsync(Browser browser, BrowserPage page, SoftwareAuthenticator authenticator)
    {
        var (url, fields) = Answer(page, authenticator);
        return browser.PostAsync(url, fields);
    }

    private static (Uri Url, Dictionary<string, string> Fields) Answer(BrowserPage page, SoftwareAuthenticator authenticator)
    {
        var (url, fields) = PasskeyForm(page);
        fields["credential"] = authenticator.Get(OptionsOf(page));
        return (url, fields);
    }

    /// <summary>The form that the script fills.</summary>
    private static (Uri Url, Dictionary<string, string> Fields) PasskeyForm(BrowserPage page)
    {
        var form = Regex.Match(page.Html, "(?s)<form[^>]*data-passkey.*?</form>", RegexOptions.None, Limit).Value;
        form.ShouldNotBeEmpty(page.Text);
        return (page with { Html = form }).Form("");
    }

    private static string OptionsOf(BrowserPage page) => WebUtility.HtmlDecode(Regex.Match(page.Html, "data-options=\"([^\"]*)\"", RegexOptions.None, Limit).Groups[1].Value);

    private async Task ExpireConfirmationAsync(Person person) =>
        await fixture.App.Database.ExecuteAsync("UPDATE accounts.sessions SET confirmed_until = NULL WHERE account = (SELECT id FROM accounts.accounts WHERE username = $1)", person.Name);
}
