using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Stacks;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A provider as a real process, and a real browser.</summary>
public sealed class PortalBrowser : IAsyncLifetime
{
    public const string Password = "a long enough passphrase";
    private Chromium? _browser;

    public ProviderStack Provider { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Chromium.Require();
        Provider = await ProviderStack.StartAsync();
        _browser = await Chromium.LaunchAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }
    }

    public Task<IBrowserContext> OpenAsync(ColorScheme colors = ColorScheme.Light, int width = 1280, int height = 860, bool javaScript = true, string? zone = null) =>
        _browser!.OpenAsync(colors, width, height, javaScript, zone);

    public Uri At(string path) => new(Provider.Url, path);

    /// <summary>Signed in, at that page.</summary>
    public Task<IPage> SignInAsync(IBrowserContext context, string path = "portal/ui", string user = "admin", string password = ProviderStack.AdminPassword) =>
        Chromium.SignInAsync(context, Provider.Url, path, user, password);

    /// <summary>The page answers.</summary>
    public static Task LiveAsync(IPage page) => Chromium.LiveAsync(page);

    /// <summary>An account with that role, whose person has chosen a password.</summary>
    public async Task<string> AddAccountAsync(string role)
    {
        var name = $"{role}-{Guid.NewGuid():N}"[..20];
        using var admin = await Provider.AdminAsync();
        var invitation = await admin.AddAccountAsync(new AddAccountRequest { Username = name, Roles = [role] });
        await using var context = await OpenAsync();
        await ChooseAPasswordAsync(context, invitation.Url);
        return name;
    }

    public static async Task ChooseAPasswordAsync(IBrowserContext context, string invitation)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(invitation);
        await page.FillAsync("#password", Password);
        await page.FillAsync("#again", Password);
        await page.ClickAsync("text=Choose it");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("That is your password now");
    }
}
