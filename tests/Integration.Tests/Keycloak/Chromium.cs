using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>A real browser of the machine's own: one for all tests, a context without any cookie for each.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        var program = Names.Select(Tools.Find).FirstOrDefault(path => path is not null);
        Requires.That(program is not null, "chromium is not installed");
        _playwright = await Playwright.CreateAsync();
        // Its sandbox needs a user namespace, which root in a container doesn't get; it sees nothing but our own servers here.
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = ["--no-sandbox"], Timeout = 60_000 });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>As a new person's. The certificates of the stacks are under a root that no browser knows.</summary>
    public async Task<IBrowserContext> OpenAsync()
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { IgnoreHTTPSErrors = true });
        context.SetDefaultTimeout(30_000);
        return context;
    }
}
