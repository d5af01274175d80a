using System.Net;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Factors;

/// <summary>A person's own account page, and who tries to change it.</summary>
public sealed class OwnAccountTests(FactorFixture fixture) : IClassFixture<FactorFixture>
{
    private const string Chosen = "seven green bicycles at dawn";

    [SkippableFact]
    public async Task Page_WithoutASession_LeadsToSignInAndBack()
    {
        using var person = await fixture.PersonAsync();

        var page = await person.AccountAsync();
        page = await person.Browser.SubmitAsync(page, "sign-in", ("username", person.Name), ("password", TestApp.Password));

        page["account"].ShouldBe(person.Name);
        page.Html.ShouldNotContain("<script");
        page.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Authenticator_Added_ShowsQrCodeAndRecoveryCodesOnce()
    {
        using var person = await fixture.PersonAsync();
        await person.SignInAsync();
        (await person.ConfirmAsync()).Html.ShouldContain("account/password");

        var enrolment = await person.Browser.SubmitAsync(await person.AccountAsync(), "account/authenticator");
        enrolment.Html.ShouldContain("<svg class=\"qr\"");
        enrolment["secret"]!.Length.ShouldBe(32);
        (await person.Browser.SubmitAsync(enrolment, "authenticator/add", ("code", "000000"))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await person.AddAuthenticatorAsync()).Text.ShouldContain("Your recovery codes");

        var account = await person.AccountAsync();
        account["authenticator"]!.ShouldStartWith("since");
        account["recovery-codes"].ShouldBe("10");
        account.Html.ShouldNotContain(person.RecoveryCodes[0]);
        (await fixture.App.Database.ScalarAsync<string>("SELECT ciphertext FROM accounts.authenticators a JOIN accounts.accounts b ON b.id = a.account WHERE username = $1", person.Name))!
            .ShouldNotContain(Convert.ToBase64String(person.Secret));
    }

    [SkippableFact]
    public async Task Attack_ChangeWithoutReauthentication_IsRefused_WithASessionAndItsForms()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        fixture.Portal.Time.Advance(TimeSpan.FromMinutes(11));
        var (url, fields) = (await person.AccountAsync()).Form("sessions/end");

        foreach (var (path, more) in new (string, (string, string)[])[]
        {
            ("authenticator/remove", []), ("recovery-codes", []), ("authenticator", []), ("password", [("password", Chosen), ("again", Chosen)]),
        })
        {
            var form = new Dictionary<string, string>(fields);
            more.ToList().ForEach(field => form[field.Item1] = field.Item2);
            (await person.Browser.PostAsync(new Uri(url, "/portal/account/" + path), form)).Status.ShouldBe(HttpStatusCode.Forbidden, path);
        }

        (await person.AccountAsync())["authenticator"]!.ShouldStartWith("since");
        (await fixture.EntriesAsync(person.Name)).ShouldNotContain("removed");
    }

    [SkippableFact]
    public async Task Attack_ReauthenticationByThePasswordAlone_IsRefused_WhereThereIsASecondFactor()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        fixture.Portal.Time.Advance(TimeSpan.FromMinutes(11));

        (await person.ConfirmAsync()).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await person.ConfirmAsync("000000")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await person.AccountAsync()).Html.ShouldNotContain("authenticator/remove");
        (await person.ConfirmAsync(person.NextCode())).Html.ShouldContain("authenticator/remove");
    }

    [SkippableFact]
    public async Task Attack_EveryForm_FromAnotherSiteOrAnotherSession_IsRefused()
    {
        using var person = await fixture.PersonAsync();
        await person.ConfirmedAsync();
        using var thief = await fixture.PersonAsync();
        await thief.SignInAsync();
        var (_, thiefs) = (await thief.AccountAsync()).Form("sessions/end");

        foreach (var path in new[] { "confirm", "password", "authenticator", "authenticator/add", "authenticator/remove", "recovery-codes", "sessions/end" })
        {
            var url = new Uri(fixture.Account + "/" + path);
            (await person.Browser.PostAsync(url, new Dictionary<string, string>())).Status.ShouldBe(HttpStatusCode.BadRequest, path);
            (await person.Browser.PostAsync(url, thiefs)).Status.ShouldBe(HttpStatusCode.BadRequest, path);
        }
    }

    [SkippableFact]
    public async Task Attack_EnrolmentOfAnotherSession_IsRefused()
    {
        using var person = await fixture.PersonAsync();
        await person.ConfirmedAsync();
        using var thief = await fixture.PersonAsync();
        await thief.ConfirmedAsync();
        var (_, thiefs) = (await thief.Browser.SubmitAsync(await thief.AccountAsync(), "account/authenticator")).Form("authenticator/add");
        var page = await person.Browser.SubmitAsync(await person.AccountAsync(), "account/authenticator");

        (await person.Browser.SubmitAsync(page, "authenticator/add", ("ticket", thiefs["ticket"]), ("code", "000000"))).Text.ShouldContain("took too long");
    }

    [SkippableFact]
    public async Task FactorAdded_EverySessionButThisOneEnds()
    {
        using var person = await fixture.PersonAsync();
        using var elsewhere = new Browser();
        await person.SignInAsync(browser: elsewhere);
        (await fixture.Portal.NameAsync(elsewhere)).ShouldBe(person.Name);

        await person.WithAuthenticatorAsync();

        (await fixture.Portal.NameAsync(elsewhere)).ShouldBeNull();
        (await fixture.Portal.NameAsync(person.Browser)).ShouldBe(person.Name);
    }

    [SkippableFact]
    public async Task Authenticator_Removed_TheRecoveryCodesGoWithIt_AndThePasswordIsEnough()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        using var elsewhere = new Browser();
        await person.SignInAsync(person.NextCode(), elsewhere);

        var page = await person.Browser.SubmitAsync(await person.AccountAsync(), "authenticator/remove");

        page["authenticator"].ShouldBe("none");
        page["recovery-codes"].ShouldBe("0");
        (await fixture.Portal.NameAsync(elsewhere)).ShouldBeNull();
        (await person.SignInAsync(browser: elsewhere))["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("account.factor_removed totp");
    }

    /// <summary>A recovery code is gone by it, so the log has it.</summary>
    [SkippableFact]
    public async Task Confirm_ByARecoveryCode_IsAudited()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        fixture.Portal.Time.Advance(OwnAccount.ConfirmationLifetime);

        await person.ConfirmAsync(person.RecoveryCodes[0]);

        (await fixture.EntriesAsync(person.Name)).ShouldEndWith("session.confirmed password+recovery_code");
    }

    [SkippableFact]
    public async Task RecoveryCodes_Replaced_ThoseFromBeforeAreWorthNothing()
    {
        using var person = await fixture.PersonAsync();
        await person.WithAuthenticatorAsync();
        var before = person.RecoveryCodes[0];

        var after = (await person.Browser.SubmitAsync(await person.AccountAsync(), "recovery-codes"))["codes"]!.Split('\n');

        using var browser = new Browser();
        (await person.SignInAsync(before, browser)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await person.SignInAsync(after[0], browser))["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("account.recovery_codes_replaced");
    }

    [SkippableFact]
    public async Task Password_Changed_OnlyTheNewOneOpens_AndOtherSessionsEnd()
    {
        using var person = await fixture.PersonAsync();
        using var elsewhere = new Browser();
        await person.SignInAsync(browser: elsewhere);
        await person.ConfirmedAsync();

        var refused = await person.Browser.SubmitAsync(await person.AccountAsync(), "account/password", ("password", "passwordpassword"), ("again", "passwordpassword"));
        refused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        await person.Browser.SubmitAsync(await person.AccountAsync(), "account/password", ("password", Chosen), ("again", Chosen));

        (await fixture.Portal.NameAsync(person.Browser)).ShouldBe(person.Name);
        (await fixture.Portal.NameAsync(elsewhere)).ShouldBeNull();
        (await person.SignInAsync(browser: elsewhere)).Status.ShouldBe(HttpStatusCode.Forbidden);
        person.Password = Chosen;
        (await person.SignInAsync(browser: elsewhere))["name"].ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("account.password_changed");
    }

    [SkippableFact]
    public async Task Sessions_AreListed_AndEndedOneByOne_OrAllOthers()
    {
        using var person = await fixture.PersonAsync();
        using var one = new Browser();
        using var other = new Browser();
        await person.SignInAsync(browser: one);
        await person.SignInAsync(browser: other);
        await person.SignInAsync();

        var page = await person.AccountAsync();
        page.Html.Split("name=\"session\"").Length.ShouldBe(3, "two that can be ended, beside this one");
        await person.Browser.SubmitAsync(page, "sessions/end");
        new[] { await fixture.Portal.NameAsync(one), await fixture.Portal.NameAsync(other) }.Count(name => name is null).ShouldBe(1);

        await person.Browser.SubmitAsync(await person.AccountAsync(), "sessions/end", ("session", ""));
        (await fixture.Portal.NameAsync(one)).ShouldBeNull();
        (await fixture.Portal.NameAsync(other)).ShouldBeNull();
        (await fixture.Portal.NameAsync(person.Browser)).ShouldBe(person.Name);
        (await fixture.EntriesAsync(person.Name)).ShouldContain("session.ended");
    }

    [SkippableFact]
    public async Task Attack_EndingAnotherPersonsSession_DoesNothing()
    {
        using var person = await fixture.PersonAsync();
        await person.SignInAsync();
        using var thief = await fixture.PersonAsync();
        await thief.SignInAsync();
        var session = Convert.ToHexStringLower(SessionToken.Hash(fixture.Portal.SessionOf(person.Browser)));

        await thief.Browser.SubmitAsync(await thief.AccountAsync(), "sessions/end", ("session", session));

        (await fixture.Portal.NameAsync(person.Browser)).ShouldBe(person.Name);
    }

    [SkippableFact]
    public async Task Disabled_BetweenPageAndForm_NothingChanges()
    {
        using var person = await fixture.PersonAsync();
        await person.ConfirmedAsync();
        var page = await person.AccountAsync();
        await fixture.App.Services.GetRequiredService<AccountAdministration>().DisableAsync(person.Name, "ada", default);

        await person.Browser.SubmitAsync(page, "account/password", ("password", Chosen), ("again", Chosen));

        (await fixture.EntriesAsync(person.Name)).ShouldNotContain("password_changed");
    }
}
