using IoTPlatform.Integration.Tests.Portal;
using IoTPlatform.Stacks;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>A real browser, with an authenticator of its own.</summary>
[Collection(PhoneBrowser.Shared)]
public sealed class PasskeyBrowserTests(PhoneBrowser phone)
{
    [SkippableFact]
    public async Task Passkey_AddedOnTheAccountPage_SignsInByItself_OnAPhone()
    {
        var page = await OpenWithAuthenticatorAsync();
        var console = new List<string>();
        page.Console += (_, message) => console.Add(message.Text);

        await AddPasskeyAsync(page, "admin");

        await SignOutAsync(page);
        await page.ClickAsync("text=Sign in with a passkey");
        await Assertions.Expect(page.Locator("#name")).ToHaveTextAsync("admin");

        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("#account-menu summary");
        await page.ClickAsync("text=Accounts of this server");
        await page.Locator("summary").First.ClickAsync();
        await Assertions.Expect(page.Locator("details").First).ToContainTextAsync("passkey");
        await PhoneBrowser.FitsAsync(page, "the list of accounts");
        console.Where(text => !text.Contains("Information:", StringComparison.Ordinal)).ShouldBeEmpty();
        (await phone.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND details LIKE '%\"method\":\"passkey\"%'")).ShouldBe(1);
    }

    /// <summary>Beside the password, at the portal and at the issuer, where the program that asks gets nothing before.</summary>
    [SkippableFact]
    public async Task Passkey_AsSecondFactor_IsAskedForAfterThePassword_AtTheIssuerToo()
    {
        var page = await OpenWithAuthenticatorAsync();
        await phone.AddAccountAsync("petra", "cdm-viewer");
        await AddPasskeyAsync(page, "petra");
        await SignOutAsync(page);

        await PhoneBrowser.PasswordAsync(page, "petra");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Now the second factor.");
        await page.ClickAsync("text=Use a passkey");
        await Assertions.Expect(page.Locator("#name")).ToHaveTextAsync("petra");
        await SignOutAsync(page);

        var issuer = new Uri(phone.Provider.Url, "realms/cdm/protocol/openid-connect/auth").AbsoluteUri;
        await page.GotoAsync(issuer + "?client_id=iot-cli&response_type=code&scope=iot-bridge-api&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F&state=s"
            + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
        await PhoneBrowser.PasswordAsync(page, "petra");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Now the second factor.");
        await PhoneBrowser.FitsAsync(page, "the issuer's second step");
        await page.ClickAsync("text=Use a passkey");
        await Assertions.Expect(page.Locator("form[action*=let-in]").First).ToBeVisibleAsync();
        (await phone.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND subject = 'petra' AND details::jsonb->>'method' = 'password+passkey'")).ShouldBe(2);
    }

    private async Task<IPage> OpenWithAuthenticatorAsync()
    {
        var page = await phone.OpenAsync();
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });
        return page;
    }

    private async Task AddPasskeyAsync(IPage page, string username)
    {
        await page.GotoAsync(phone.Portal);
        await PhoneBrowser.PasswordAsync(page, username);
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("#account-menu summary");
        await page.ClickAsync("text=Your account");
        await page.FillAsync("#password", ProviderStack.AdminPassword);
        await page.ClickAsync("form:has(#password) button");
        await PhoneBrowser.FitsAsync(page, "the account page");
        await page.FillAsync("#passkey-name", "my phone");
        await page.ClickAsync("text=Add it");
        await Assertions.Expect(page.Locator("#codes")).ToBeVisibleAsync();
        await page.ClickAsync("text=I have them");
        await Assertions.Expect(page.Locator("#passkeys")).ToHaveTextAsync("my phone");
        await PhoneBrowser.FitsAsync(page, "the account page with a passkey");
    }

    private async Task SignOutAsync(IPage page)
    {
        await page.GotoAsync(phone.Portal);
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("#account-menu summary");
        await page.ClickAsync("text=Sign out");
    }
}
