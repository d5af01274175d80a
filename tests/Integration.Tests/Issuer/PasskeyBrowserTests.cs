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
        var page = await phone.OpenAsync();
        var console = new List<string>();
        page.Console += (_, message) => console.Add(message.Text);
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });

        await page.GotoAsync(phone.Portal);
        await PhoneBrowser.PasswordAsync(page, "admin");
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

        await page.GotoAsync(phone.Portal);
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("#account-menu summary");
        await page.ClickAsync("text=Sign out");
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
}
