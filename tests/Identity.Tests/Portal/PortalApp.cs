using System.Globalization;
using System.Net;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>A host with a portal, over TLS as browsers want it for such cookies.</summary>
internal sealed class PortalApp : IAsyncDisposable
{
    public const string SessionCookie = "__Host-iot-test-session";

    /// <summary>How the names of a login's cookies begin.</summary>
    public const string LoginCookie = "__Host-iot-test-login";

    /// <summary>The one script: a file, and nothing in a page depends on it.</summary>
    public const string PasskeyScript = "<script src=\"/portal/passkey.js\" defer></script>";

    private readonly TempFolder _folder;
    private readonly TestCertificates _certificates;

    private PortalApp(TempFolder folder, TestCertificates certificates, TestApp app, Uri url)
    {
        _folder = folder;
        _certificates = certificates;
        App = app;
        Url = url;
    }

    public TestApp App { get; }

    public FakeTime Time => App.Time;

    /// <summary>Who certified this host.</summary>
    public string CaFile => _certificates.RootFile;

    public Uri Url { get; }

    public Uri Home => new(Url, "portal");

    public Uri Callback => new(Url, "portal/oidc/callback");

    /// <param name="oidc">The identity provider; null: local accounts only.</param>
    /// <param name="time">The clock; null: one of its own.</param>
    /// <param name="secret">Of the portal's client; null: there is none yet.</param>
    /// <param name="realm">Of the host's own issuer.</param>
    /// <param name="platform">Whose staff signs in here; null: nobody's.</param>
    /// <param name="services">Last word on them.</param>
    public static async Task<PortalApp> StartAsync(
        OidcOptions? oidc = null, FakeTime? time = null, string? secret = OidcLogins.ClientSecret, string realm = "cdm", PlatformProvider? platform = null, Action<IServiceCollection>? services = null)
    {
        var folder = new TempFolder();
        var certificates = new TestCertificates(folder);
        var port = FreePort.Next();
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{port}/"));
        var issuer = new IssuerOptions { PublicUrl = url, Realm = realm };
        var app = await TestApp.StartAsync(app => app.MapPortal().MapIssuer(), oidc, time, builder =>
        {
            builder.WebHost.UseUrls().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificates.Server)));
            builder.Services.AddSingleton<IClientSecret>(new Secret(secret));
            builder.Services.AddPortal(new PortalOptions { Name = platform is null ? "test" : "tenant", Title = "Test portal", PublicUrl = url }, oidc, platform);
            services?.Invoke(builder.Services);
        }, issuer);
        return new PortalApp(folder, certificates, app, url);
    }

    /// <summary>The name on the page for the browser's session; null if unauthenticated.</summary>
    public async Task<string?> NameAsync(Browser browser) => (await browser.GetAsync(Home))["name"];

    /// <summary>The token of the browser's session, as only this host can read it.</summary>
    public string SessionOf(Browser browser)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = browser.CookiesFor(Home);
        return App.Services.GetRequiredService<PortalCookie>().Read(context)!.Token;
    }

    /// <summary>The cookies of that name, or whose names begin so.</summary>
    public static void Take(Browser from, Browser to, string cookie)
    {
        var taken = from.Cookies.Where(c => c.Key.Name.StartsWith(cookie, StringComparison.Ordinal)).ToList();
        taken.ShouldNotBeEmpty();
        taken.ForEach(c => to.Cookies[c.Key] = c.Value);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        _certificates.Dispose();
        _folder.Dispose();
    }

    private sealed class Secret(string? secret) : IClientSecret
    {
        public Task<string?> FindAsync(CancellationToken cancellationToken) => Task.FromResult(secret);
    }
}
