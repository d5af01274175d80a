using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A provider as a real process, and a real browser.</summary>
public sealed class PortalBrowser : IAsyncLifetime
{
    public const string Password = "a long enough passphrase";
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ProviderStack Provider { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var program = Names.Select(Tools.Find).FirstOrDefault(path => path is not null);
        Requires.That(program is not null, "chromium is not installed");
        Provider = await ProviderStack.StartAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = ["--no-sandbox"], Timeout = 60_000 });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }
    }

    /// <summary>As a new person's browser. The certificates of the stacks are under a root that no browser knows.</summary>
    public async Task<IBrowserContext> OpenAsync(ColorScheme colors = ColorScheme.Light, int width = 1280, int height = 860, bool javaScript = true)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            IgnoreHTTPSErrors = true,
            ColorScheme = colors,
            ViewportSize = new() { Width = width, Height = height },
            JavaScriptEnabled = javaScript,
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        context.SetDefaultTimeout(20_000);
        return context;
    }

    public Uri At(string path) => new(Provider.Url, path);

    /// <summary>Signed in, at that page.</summary>
    public async Task<IPage> SignInAsync(IBrowserContext context, string path = "portal/ui", string user = "admin", string password = ProviderStack.AdminPassword)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(At(path).AbsoluteUri);
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

    /// <summary>An account with that role, whose person has chosen a password.</summary>
    public async Task<string> AddAccountAsync(string role)
    {
        var name = $"{role}-{Guid.NewGuid():N}"[..20];
        using var admin = await Provider.AdminAsync();
        var invitation = await admin.AddAccountAsync(new AddAccountRequest { Username = name, Roles = [role] });
        await using var context = await OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(invitation.Url);
        await page.FillAsync("#password", Password);
        await page.FillAsync("#again", Password);
        await page.ClickAsync("text=Choose it");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("That is your password now");
        return name;
    }
}
