using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>A real browser as wide as a phone, at a provider as it is without any settings.</summary>
[CollectionDefinition(Shared)]
public sealed class PhoneBrowser : IAsyncLifetime, ICollectionFixture<PhoneBrowser>
{
    public const string Shared = "phone";
    public const int Width = 375;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ProviderStack Provider { get; private set; } = null!;

    public string Portal => new Uri(Provider.Url, "portal").AbsoluteUri;

    public async Task InitializeAsync()
    {
        if (Tools.Find("chromium") is not { } chromium)
        {
            return;
        }

        Provider = await ProviderStack.StartAsync();
        _playwright = await Playwright.CreateAsync();
        // Passkeys need a certificate without errors, and the browser knows no root of ours: this key's are none.
        var key = await ServerKeyAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox", $"--ignore-certificate-errors-spki-list={key}"], Timeout = 60_000 });
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

    /// <summary>As somebody else's, without cookies. Skips the test without a browser.</summary>
    public async Task<IPage> OpenAsync(bool javaScript = true)
    {
        Requires.That(_browser is not null, "chromium is not installed");
        var page = await (await _browser!.NewContextAsync(new() { ViewportSize = new() { Width = Width, Height = 700 }, JavaScriptEnabled = javaScript })).NewPageAsync();
        page.SetDefaultTimeout(30_000);
        return page;
    }

    /// <summary>With the administrator's password.</summary>
    public Task AddAccountAsync(string name, string role) => Provider.Database.ExecuteAsync(
        $"INSERT INTO accounts.accounts (username, password_hash, roles, created_at) SELECT '{name}', password_hash, ARRAY['{role}'], created_at FROM accounts.accounts WHERE username = 'admin'");

    public static async Task PasswordAsync(IPage page, string username, string password = ProviderStack.AdminPassword)
    {
        await page.FillAsync("#username", username);
        await page.FillAsync("#password", password);
        await page.ClickAsync("form:has(#password) button");
    }

    public static async Task FitsAsync(IPage page, string what) => (await page.EvaluateAsync<bool>($"document.documentElement.scrollWidth <= {Width}")).ShouldBeTrue($"{what} at {Width} px");

    /// <summary>SHA-256 of the server's SubjectPublicKeyInfo.</summary>
    private async Task<string> ServerKeyAsync()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", Provider.Url.Port);
        await using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        return Convert.ToBase64String(SHA256.HashData(((X509Certificate2)tls.RemoteCertificate!).PublicKey.ExportSubjectPublicKeyInfo()));
    }
}
