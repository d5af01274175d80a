using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A real browser.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Skips the test where there is none.</summary>
    public static string Require()
    {
        var program = Names.Select(Tools.Find).FirstOrDefault(path => path is not null);
        Requires.That(program is not null, "chromium is not installed");
        return program!;
    }

    public static async Task<Chromium> LaunchAsync()
    {
        var program = Require();
        var playwright = await Playwright.CreateAsync();
        return new Chromium(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = ["--no-sandbox"], Timeout = 60_000 }));
    }

    /// <summary>As a new person's browser. The certificates of the stacks are under a root that no browser knows.</summary>
    public async Task<IBrowserContext> OpenAsync(ColorScheme colors = ColorScheme.Light, int width = 1280, int height = 860, bool javaScript = true, string? zone = null)
    {
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            IgnoreHTTPSErrors = true,
            ColorScheme = colors,
            ViewportSize = new() { Width = width, Height = height },
            JavaScriptEnabled = javaScript,
            TimezoneId = zone,
            Locale = "en-US",
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        context.SetDefaultTimeout(20_000);
        return context;
    }

    /// <summary>Signed in, at that page of that stack.</summary>
    public static async Task<IPage> SignInAsync(IBrowserContext context, Uri stack, string path, string user = "admin", string password = ProviderStack.AdminPassword)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(stack, path).AbsoluteUri);
        await page.FillAsync("#username", user);
        await page.FillAsync("#password", password);
        await page.ClickAsync("form:has(#password) button");
        await page.WaitForURLAsync(url => new Uri(url).AbsolutePath.TrimStart('/') == path.Split('?')[0]);
        await LiveAsync(page);
        return page;
    }

    /// <summary>The page answers.</summary>
    public static async Task LiveAsync(IPage page)
    {
        if (await page.EvaluateAsync<bool>("typeof Blazor !== 'undefined'"))
        {
            await page.WaitForFunctionAsync("() => document.body.dataset.live === 'true'");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
