using System.Net;
using System.Net.Http.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Tests.Issuer;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Factors;

/// <summary>Signing in with a second factor, and who tries without.</summary>
public sealed class SecondFactorTests(FactorFixture fixture) : IClassFixture<FactorFixture>
{
    [SkippableFact]
    public async Task SignIn_WithAnAuthenticatorApp_AsksForItsCode_WithoutScripts()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        using var browser = new Browser();

        var step = await person.PasswordAsync(browser);
        step.Text.ShouldContain("Now the second factor.");
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
        var page = await browser.SubmitAsync(step, "sign-in", ("code", person.NextCode()));

        page["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldEndWith("account.factor_added totp, login.succeeded password+totp");
    }

    [SkippableFact]
    public async Task SignIn_WithoutASecondFactor_IsAsBefore()
    {
        using var person = await fixture.PersonAsync();

        (await person.SignInAsync())["name"].ShouldBe(person.Name);
    }

    // RFC 6238 section 5.2
    [SkippableFact]
    public async Task Attack_CodeThatWasTaken_OrAnEarlierOne_IsRefused()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        var earlier = person.NextCode();
        fixture.Portal.Time.Advance(TimeSpan.FromSeconds(30));
        var code = person.Code;
        using var own = new Browser();
        (await person.SignInAsync(code, own))["name"].ShouldBe(person.Name);

        using var thief = new Browser();
        (await person.SignInAsync(code, thief)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await person.SignInAsync(earlier, thief)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.Portal.NameAsync(thief)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Attack_OneCodeInManyBrowsersAtOnce_OpensOneSession()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        var browsers = Enumerable.Range(0, 4).Select(_ => new Browser()).ToList();
        var steps = new List<BrowserPage>();
        foreach (var browser in browsers)
        {
            steps.Add(await person.PasswordAsync(browser));
        }

        var code = person.NextCode();
        var pages = await Task.WhenAll(browsers.Zip(steps).Select(b => b.First.SubmitAsync(b.Second, "sign-in", ("code", code))));

        pages.Count(page => page["name"] == person.Name).ShouldBe(1);
        browsers.ForEach(browser => browser.Dispose());
    }

    [SkippableFact]
    public async Task Attack_GuessingCodes_IsLocked_WhateverTheAddress_AndAudited()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        using var thief = new Browser();
        var step = await person.PasswordAsync(thief);
        for (var i = 0; i < 5; i++)
        {
            step = await thief.SubmitAsync(step, "sign-in", ("code", $"00000{i}"));
            step.Status.ShouldBe(HttpStatusCode.Forbidden);
            step.Text.ShouldContain("This code is wrong");
        }

        step = await thief.SubmitAsync(step, "sign-in", ("code", "000005"));
        step.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        step.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        // The right password gives no attempts back.
        step = await person.PasswordAsync(thief);
        (await thief.SubmitAsync(step, "sign-in", ("code", person.Code))).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("login.failed");
        (await fixture.EntriesAsync(person.Name)).ShouldContain("login.locked");

        fixture.Portal.Time.Advance(TimeSpan.FromMinutes(1));
        using var own = new Browser();
        (await person.SignInAsync(person.Code, own))["name"].ShouldBe(person.Name);
    }

    [SkippableFact]
    public async Task RecoveryCode_LetsInOnce_WithThePasswordOnly()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        person.RecoveryCodes.Count.ShouldBe(10);
        using var browser = new Browser();

        (await person.SignInAsync(person.RecoveryCodes[3].ToUpperInvariant(), browser))["name"].ShouldBe(person.Name);
        (await browser.GetAsync(fixture.Account))["recovery-codes"].ShouldBe("9");

        using var again = new Browser();
        (await person.SignInAsync(person.RecoveryCodes[3], again)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("login.succeeded password+recovery_code");
    }

    [SkippableFact]
    public async Task Attack_RecoveryCodeOfAnotherAccount_IsRefused()
    {
        using var one = await fixture.PersonAsync();
        using var other = await fixture.PersonAsync();
        await one.WithAuthenticatorAsync();
        await other.WithAuthenticatorAsync();
        using var browser = new Browser();

        (await one.SignInAsync(other.RecoveryCodes[0], browser)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await one.SignInAsync(other.NextCode(), browser)).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("made-up")]
    public async Task Attack_SecondStepWithoutTheFirst_LeadsBackToThePassword(string ticket)
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        using var browser = new Browser();
        var home = await browser.GetAsync(fixture.Portal.Home);

        var page = await browser.SubmitAsync(home, "sign-in", ("ticket", ticket), ("code", person.NextCode()), ("username", person.Name));

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Html.ShouldContain("name=\"password\"");
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Ticket_AfterFiveMinutes_OrAfterThePasswordChanged_IsWorthNothing()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        using var browser = new Browser();
        var late = await person.PasswordAsync(browser);
        fixture.Portal.Time.Advance(TimeSpan.FromMinutes(6));
        (await browser.SubmitAsync(late, "sign-in", ("code", person.Code))).Text.ShouldContain("took too long");

        var step = await person.PasswordAsync(browser);
        await fixture.App.Services.GetRequiredService<AccountAdministration>().SetPasswordAsync(person.Name, "another password by far", "ada", default);
        (await browser.SubmitAsync(step, "sign-in", ("code", person.NextCode()))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Attack_SecondStepFromAnotherSite_IsRefused()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        using var browser = new Browser();
        var (url, fields) = (await person.PasswordAsync(browser)).Form("sign-in");
        using var victim = new Browser();

        fields["code"] = person.NextCode();
        (await victim.PostAsync(url, fields)).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Issuer_AsksForTheSecondFactor_BeforeItSendsTheBrowserBack()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        await fixture.App.Services.GetRequiredService<IssuerClients>().EnsureAsync(
            new IssuerClient { ClientId = "acme", DisplayName = "Acme", RedirectUri = new Uri("https://acme.example/callback"), PostLogoutRedirectUri = new Uri("https://acme.example/"), IsFederation = true }, "a secret", default);
        using var browser = new Browser();
        var request = new AuthorizationRequest { ClientId = "acme", RedirectUri = "https://acme.example/callback" };
        var page = await browser.GetAsync(new Uri(fixture.Portal.Url, "realms/cdm/protocol/openid-connect/auth" + request.Query()));

        var step = await browser.SubmitAsync(page, "sign-in", "https://acme.example/callback", ("username", person.Name), ("password", TestApp.Password));
        step.Text.ShouldContain("Now the second factor.");
        var refused = await browser.SubmitAsync(step, "sign-in", "https://acme.example/callback", ("code", "000000"));
        refused.Status.ShouldBe(HttpStatusCode.Forbidden);
        var back = await browser.SubmitAsync(refused, "sign-in", "https://acme.example/callback", ("code", person.NextCode()));

        back.Url.AbsoluteUri.ShouldStartWith("https://acme.example/callback?");
        IssuerFixture.Parameter(back, "code").ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task ResetFactors_ByAnAdministrator_ThePasswordAloneOpensAgain_AndSessionsEnd()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        var accounts = fixture.App.Services.GetRequiredService<AccountAdministration>();
        (await accounts.ListAsync(default)).Single(a => a.Username == person.Name).SecondFactors.ShouldBe(["totp"]);

        await accounts.ResetFactorsAsync(person.Name, "ada", default);

        (await person.HomeAsync())["name"].ShouldBeNull();
        (await person.SignInAsync())["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("account.factors_reset");
        (await accounts.ListAsync(default)).Single(a => a.Username == person.Name).SecondFactors.ShouldBeEmpty();
    }

    /// <summary>What opens another's account takes its administrator, not a token that lies about.</summary>
    [SkippableTheory]
    [InlineData("reset-factors")]
    [InlineData("reset")]
    public async Task Attack_ResetOfAnother_ByAnAdministratorsToken_IsRefused_TheOperatorOfTheMachineMay(string what)
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        var programs = fixture.App.Services.GetRequiredService<ServiceAccounts>();
        var program = $"resetter-{Guid.NewGuid():N}"[..30];
        var secret = await programs.AddAsync(program, [Roles.Admin], publicKey: null, "ada", default);

        (await ResetAsync(person, what, await ProgramTokenAsync(program, secret!))).ShouldBe("not_confirmed");
        (await ResetAsync(person, what, fixture.App.Token("ada", Roles.Admin))).ShouldBe("not_confirmed");
        (await fixture.EntriesAsync(person.Name)).ShouldNotContain("reset");

        (await ResetAsync(person, what, fixture.App.Token("operator:root", Roles.Admin))).ShouldBe("ok");
    }

    private async Task<string> ResetAsync(Person person, string what, string token)
    {
        using var http = Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(fixture.Portal.Url, $"portal/admin/accounts/{person.Name}/{what}")) { Headers = { Authorization = new("Bearer", token) } };
        using var response = await http.SendAsync(request);
        return response.IsSuccessStatusCode ? "ok" : (await TestApp.ProblemOf(response)).Code!;
    }

    private async Task<string> ProgramTokenAsync(string name, string secret)
    {
        using var http = Http();
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "service-account-" + name), new("client_secret", secret), new("scope", "iot-bridge-api")]);
        using var response = await http.PostAsync(new Uri(fixture.Portal.Url, "realms/cdm/protocol/openid-connect/token"), form);
        return (await TokenAnswer.OfAsync(response))["access_token"]!;
    }

    private static HttpClient Http() => new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
}
