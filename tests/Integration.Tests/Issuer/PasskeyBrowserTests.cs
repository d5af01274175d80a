using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Integration.Tests.Portal;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>A real browser, with an authenticator of its own, at a provider as it is without any settings.</summary>
public sealed class PasskeyBrowserTests : IAsyncLifetime
{
    private ProviderStack _provider = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private IPage _page = null!;

    private string Portal => new Uri(_provider.Url, "portal").AbsoluteUri;

    public async Task InitializeAsync()
    {
        var chromium = Tools.Find("chromium");
        Requires.That(chromium is not null, "chromium is not installed");
        _provider = await ProviderStack.StartAsync();
        _playwright = await Playwright.CreateAsync();
        // Passkeys need a certificate without errors, and the browser knows no root of ours: this key's are none.
        var key = await ServerKeyAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox", $"--ignore-certificate-errors-spki-list={key}"], Timeout = 60_000 });
        _page = await (await _browser.NewContextAsync(new() { ViewportSize = new() { Width = 375, Height = 700 } })).NewPageAsync();
        _page.SetDefaultTimeout(30_000);
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Passkey_AddedOnTheAccountPage_SignsInByItself_OnAPhone()
    {
        var console = new List<string>();
        _page.Console += (_, message) => console.Add(message.Text);
        var devtools = await _page.Context.NewCDPSessionAsync(_page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });

        await _page.GotoAsync(Portal);
        await _page.FillAsync("#username", "admin");
        await _page.FillAsync("#password", ProviderStack.AdminPassword);
        await _page.ClickAsync("form:has(#password) button");
        await PortalBrowser.LiveAsync(_page);
        await _page.ClickAsync("#account-menu summary");
        await _page.ClickAsync("text=Your account");
        await _page.FillAsync("#password", ProviderStack.AdminPassword);
        await _page.ClickAsync("form:has(#password) button");
        (await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 375")).ShouldBeTrue("the account page at 375 px");
        await _page.FillAsync("#passkey-name", "my phone");
        await _page.ClickAsync("text=Add it");
        await Assertions.Expect(_page.Locator("#codes")).ToBeVisibleAsync();
        await _page.ClickAsync("text=I have them");
        await Assertions.Expect(_page.Locator("#passkeys")).ToHaveTextAsync("my phone");
        (await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 375")).ShouldBeTrue("with a passkey");

        await _page.GotoAsync(Portal);
        await PortalBrowser.LiveAsync(_page);
        await _page.ClickAsync("#account-menu summary");
        await _page.ClickAsync("text=Sign out");
        await _page.ClickAsync("text=Sign in with a passkey");
        await Assertions.Expect(_page.Locator("#name")).ToHaveTextAsync("admin");

        await PortalBrowser.LiveAsync(_page);
        await _page.ClickAsync("#account-menu summary");
        await _page.ClickAsync("text=Accounts of this server");
        await _page.ClickAsync("summary");
        await Assertions.Expect(_page.Locator("details")).ToContainTextAsync("passkey");
        (await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 375")).ShouldBeTrue("the list of accounts");
        console.Where(text => !text.Contains("Information:", StringComparison.Ordinal)).ShouldBeEmpty();
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'login.succeeded' AND details LIKE '%\"method\":\"passkey\"%'")).ShouldBe(1);
    }

    /// <summary>SHA-256 of the server's SubjectPublicKeyInfo.</summary>
    private async Task<string> ServerKeyAsync()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", _provider.Url.Port);
        await using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        return Convert.ToBase64String(SHA256.HashData(((X509Certificate2)tls.RemoteCertificate!).PublicKey.ExportSubjectPublicKeyInfo()));
    }
}
