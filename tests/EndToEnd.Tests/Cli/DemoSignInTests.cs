using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>From what the demo prints at its end into its portals, in a real browser; with a demo of their own, because the links end after ten minutes.</summary>
public sealed class DemoSignInTests(KeptDemo demo) : IClassFixture<KeptDemo>, IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (Tools.Find("chromium") is { } chromium)
        {
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"], Timeout = 60_000 });
        }
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    [SkippableTheory]
    [InlineData(0, "provider")]
    [InlineData(1, "acme")]
    public async Task PrintedLink_SignsTheAdministratorIn_Once(int stack, string name)
    {
        Requires.Tool("initdb");
        var printed = demo.Printed[stack];
        printed.Name.ShouldBe(name);
        printed.SignInLink.Authority.ShouldBe(printed.Url.Authority);
        var page = await OpenAsync();

        await page.GotoAsync(printed.SignInLink.AbsoluteUri);
        await Assertions.Expect(page.Locator("#account")).ToHaveTextAsync(printed.Account);
        await page.ClickAsync("button");

        await ShowsAsync(page, printed);

        // The terminal's scrollback is no key.
        var other = await OpenAsync();
        (await other.GotoAsync(printed.SignInLink.AbsoluteUri))!.Status.ShouldBe(200, "it is looked at before it is used");
        var answer = await other.RunAndWaitForResponseAsync(() => other.ClickAsync("button"), response => response.Request.Method == "POST");
        answer.Status.ShouldBe(404);
        await Assertions.Expect(other.Locator("[role=alert]")).ToContainTextAsync("used already");
        await other.GotoAsync(new Uri(printed.Url, "portal").AbsoluteUri);
        await Assertions.Expect(other.Locator("h1")).ToHaveTextAsync("Sign in");
    }

    [SkippableFact]
    public async Task PrintedAccount_SignsInWithThePasswordOfThePrintedFile()
    {
        Requires.Tool("initdb");
        var printed = demo.Printed[2];
        var page = await OpenAsync();

        await page.GotoAsync(printed.Url.AbsoluteUri);
        await page.FillAsync("#username", printed.Account);
        await page.FillAsync("#password", (await File.ReadAllTextAsync(printed.PasswordFile)).Trim());
        await page.ClickAsync("form:has(#password) button");

        await ShowsAsync(page, printed);
    }

    private static async Task ShowsAsync(IPage page, PrintedStack printed)
    {
        await page.WaitForURLAsync(new Uri(printed.Url, "portal/ui").AbsoluteUri);
        (await page.Locator("#name").TextContentAsync()).ShouldBe(printed.Account);
        (await page.Locator("#roles").TextContentAsync()).ShouldBe("cdm-admin");
    }

    /// <summary>As somebody else's, who goes on although the browser does not know the certificate.</summary>
    private async Task<IPage> OpenAsync()
    {
        Requires.That(_browser is not null, "chromium is not installed");
        var page = await (await _browser!.NewContextAsync(new() { IgnoreHTTPSErrors = true })).NewPageAsync();
        page.SetDefaultTimeout(30_000);
        return page;
    }
}
