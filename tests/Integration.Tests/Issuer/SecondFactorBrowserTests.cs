using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>An authenticator app and a lockout, in a real browser without scripts.</summary>
[Collection(PhoneBrowser.Shared)]
public sealed class SecondFactorBrowserTests(PhoneBrowser phone)
{
    private string Account => new Uri(phone.Provider.Url, "portal/account").AbsoluteUri;

    [SkippableFact]
    public async Task Totp_AddedOnTheAccountPage_IsAskedForAtTheNextSignIn()
    {
        var page = await phone.OpenAsync(javaScript: false);
        await phone.AddAccountAsync("tom", "cdm-operator");
        await page.GotoAsync($"{phone.Portal}?return_path=/portal/account");
        await PhoneBrowser.PasswordAsync(page, "tom");
        await page.GotoAsync(Account);
        await page.FillAsync("#password", ProviderStack.AdminPassword);
        await page.ClickAsync("form:has(#password) button");
        await page.ClickAsync("text=Add an authenticator app");
        await Assertions.Expect(page.Locator("svg")).ToBeVisibleAsync();
        await PhoneBrowser.FitsAsync(page, "the QR code");
        var app = new AuthenticatorApp(await page.Locator("#secret").TextContentAsync() ?? "");
        await page.FillAsync("#code", await FreshCodeAsync(app, after: ""));
        var used = await page.Locator("#code").InputValueAsync();
        await page.ClickAsync("text=Use this app");
        await Assertions.Expect(page.Locator("#codes")).ToBeVisibleAsync();

        // Another browser, and the password alone.
        var other = await phone.OpenAsync(javaScript: false);
        await other.GotoAsync(phone.Portal);
        await PhoneBrowser.PasswordAsync(other, "tom");
        await Assertions.Expect(other.Locator("main")).ToContainTextAsync("Now the second factor.");
        await PhoneBrowser.FitsAsync(other, "the second step");
        await other.FillAsync("#code", used);
        await other.ClickAsync("form:has(#code) button");
        await Assertions.Expect(other.Locator("[role=alert]")).ToBeVisibleAsync();
        await other.FillAsync("#code", await FreshCodeAsync(app, after: used));
        await other.ClickAsync("form:has(#code) button");

        await other.GotoAsync(Account);
        await Assertions.Expect(other.Locator("#authenticator")).ToContainTextAsync("since");
        (await phone.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND subject = 'tom' AND details LIKE '%totp%'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Lockout_AfterFiveGuesses_TheRightPasswordHasToWait_AndThePageSaysSo()
    {
        var page = await phone.OpenAsync(javaScript: false);
        await phone.AddAccountAsync("lola", "cdm-viewer");
        await page.GotoAsync(phone.Portal);
        // Five at once; where guesses take their time, one or two more.
        for (var guess = 0; guess < 4; guess++)
        {
            await PhoneBrowser.PasswordAsync(page, "lola", $"guess number {guess}");
            await Assertions.Expect(page.Locator("[role=alert]")).ToHaveTextAsync("Unknown name or wrong password.");
        }

        IResponse answer;
        var tried = 4;
        do
        {
            answer = await page.RunAndWaitForResponseAsync(() => PhoneBrowser.PasswordAsync(page, "lola", $"guess number {tried++}"), response => response.Request.Method == "POST");
        }
        while (answer.Status == 403 && tried < 10);

        answer = await page.RunAndWaitForResponseAsync(() => PhoneBrowser.PasswordAsync(page, "lola"), response => response.Request.Method == "POST");
        answer.Status.ShouldBe(429);
        int.Parse((await answer.HeaderValueAsync("Retry-After"))!, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(1, 60);
        await Assertions.Expect(page.Locator("[role=alert]")).ToContainTextAsync("Too many attempts");
        await PhoneBrowser.FitsAsync(page, "the locked sign-in");
        await page.GotoAsync(Account);
        page.Url.ShouldNotBe(Account, "nobody is signed in");
        (await phone.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.sessions s JOIN accounts.accounts a ON a.id = s.account WHERE a.username = 'lola'")).ShouldBe(0);
        // Others are not locked out with it.
        await phone.AddAccountAsync("lena", "cdm-viewer");
        await page.GotoAsync(phone.Portal);
        await PhoneBrowser.PasswordAsync(page, "lena");
        await page.GotoAsync(Account);
        page.Url.ShouldBe(Account);
    }

    /// <summary>Each counts once, so the next one is waited for.</summary>
    private static async Task<string> FreshCodeAsync(AuthenticatorApp app, string after)
    {
        var code = app.CodeAt(TimeProvider.System.GetUtcNow());
        while (code == after)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            code = app.CodeAt(TimeProvider.System.GetUtcNow());
        }

        return code;
    }
}
