using System.Net;
using IoTPlatform.Identity;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>The portal of a host without an identity provider.</summary>
public sealed class LocalLoginTests : IAsyncLifetime
{
    private readonly Browser _browser = new();
    private PortalApp _portal = null!;

    public async Task InitializeAsync()
    {
        _portal = await PortalApp.StartAsync();
        await _portal.App.Accounts.CreateAsync("ann", TestApp.Password, [Roles.Operator], default);
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _portal.DisposeAsync();
    }

    [SkippableFact]
    public async Task Root_LeadsToThePortal_WhichHasAnIcon()
    {
        var page = await _browser.GetAsync(_portal.Url);
        var icon = await _browser.GetAsync(new Uri(_portal.Url, "favicon.ico"));

        page.Url.ShouldBe(_portal.Home);
        page.Html.ShouldContain("href=\"/favicon.ico\"");
        icon.Status.ShouldBe(HttpStatusCode.OK);
        icon.Html.ShouldStartWith("<svg");
    }

    /// <summary>A line for every page would bury those that mean something.</summary>
    [SkippableFact]
    public async Task Home_WithAForm_WarnsAboutNothing()
    {
        await _browser.GetAsync(_portal.Home);

        _portal.App.Log.Text.ShouldNotContain("Warning Microsoft.AspNetCore.Antiforgery");
    }

    [SkippableFact]
    public async Task UnknownAddress_SaysWhoseItIs()
    {
        var page = await _browser.GetAsync(new Uri(_portal.Url, "portal/admin/tenants"));

        page.Status.ShouldBe(HttpStatusCode.NotFound);
        page.Html.ShouldContain("nothing at this address of the Test portal");
    }

    [SkippableFact]
    public async Task SignIn_RightPassword_ShowsWhoAndHow()
    {
        var page = await SignInAsync("ann", TestApp.Password);

        page.Url.ShouldBe(_portal.Home);
        page["name"].ShouldBe("ann");
        page["realm"].ShouldBe("this server (local accounts)");
        page["way"].ShouldBe("with a local account");
        page["roles"].ShouldBe("cdm-operator");
    }

    [SkippableFact]
    public async Task SignIn_WrongPassword_ShowsTheReasonAndNoInput()
    {
        var page = await SignInAsync("<script>ann", "wrong");

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("Unknown name or wrong password.");
        page.Html.ShouldNotContain("script>ann");
        (await _browser.SubmitAsync(page, "sign-in", ("username", "ann"), ("password", TestApp.Password)))["name"].ShouldBe("ann");
    }

    [SkippableFact]
    public async Task SignIn_Guessing_IsSlowedDown()
    {
        for (var guess = 0; guess < 5; guess++)
        {
            await SignInAsync("ann", "wrong");
        }

        var page = await SignInAsync("ann", TestApp.Password);

        page.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        page.Headers.RetryAfter.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task SignIn_WithoutTheFormsToken_Refused()
    {
        var action = (await _browser.GetAsync(_portal.Home)).Form("sign-in").Action;

        var page = await _browser.PostAsync(action, new Dictionary<string, string> { ["username"] = "ann", ["password"] = TestApp.Password });

        page.Status.ShouldBe(HttpStatusCode.BadRequest);
        page.Text.ShouldContain("too old or from elsewhere");
        (await _portal.NameAsync(_browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task SignIn_WithAnotherBrowsersForm_Refused()
    {
        using var attacker = new Browser();
        var form = (await attacker.GetAsync(_portal.Home)).Form("sign-in");
        form.Fields["username"] = "ann";
        form.Fields["password"] = TestApp.Password;

        (await _browser.PostAsync(form.Action, form.Fields)).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task SignIn_HugeForm_Refused()
    {
        var page = await SignInAsync("ann", new string('x', 20_000));

        ((int)page.Status).ShouldBeOneOf(400, 413);
    }

    [SkippableFact]
    public async Task SignOut_Always_EndsTheSession()
    {
        var page = await SignInAsync("ann", TestApp.Password);
        using var copy = new Browser();
        PortalApp.Take(_browser, copy, PortalApp.SessionCookie);

        (await _browser.SubmitAsync(page, "sign-out")).Url.ShouldBe(_portal.Home);

        (await _portal.NameAsync(copy)).ShouldBeNull();
        (await _portal.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.sessions")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Account_ChangedOrRemoved_ShowsAtOnce()
    {
        await SignInAsync("ann", TestApp.Password);
        await _portal.App.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = '{cdm-viewer}' WHERE username = 'ann'");
        (await _browser.GetAsync(_portal.Home))["roles"].ShouldBe("cdm-viewer");

        await _portal.App.Database.ExecuteAsync("DELETE FROM accounts.accounts WHERE username = 'ann'");
        (await _portal.NameAsync(_browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Fixation_SignInAgain_EndsTheSessionBefore()
    {
        await SignInAsync("ann", TestApp.Password);
        using var planted = new Browser();
        PortalApp.Take(_browser, planted, PortalApp.SessionCookie);
        _browser.Cookies.Remove(("localhost", "/", PortalApp.SessionCookie));
        var form = await _browser.GetAsync(_portal.Home);
        PortalApp.Take(planted, _browser, PortalApp.SessionCookie);

        (await _browser.SubmitAsync(form, "sign-in", ("username", "ann"), ("password", TestApp.Password)))["name"].ShouldBe("ann");

        (await _portal.NameAsync(planted)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Provider_ThereIsNone_NothingLeadsThere()
    {
        (await _browser.GetAsync(_portal.Home)).Html.ShouldNotContain("portal/oidc");
        (await _browser.GetAsync(new Uri(_portal.Url, "portal/oidc/login"))).Status.ShouldBe(HttpStatusCode.NotFound);
        (await _browser.GetAsync(_portal.Callback)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<BrowserPage> SignInAsync(string username, string password) =>
        await _browser.SubmitAsync(await _browser.GetAsync(_portal.Home), "sign-in", ("username", username), ("password", password));
}
