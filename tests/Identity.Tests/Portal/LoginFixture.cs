using System.Text.Json.Nodes;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>A portal and its identity provider, with one clock.</summary>
internal sealed class LoginFixture : IAsyncDisposable
{
    private readonly RequestDelegate _discovery;
    private int _logged;

    private LoginFixture(OidcServer issuer, PortalApp portal)
    {
        Issuer = issuer;
        Portal = portal;
        _discovery = issuer.Discovery;
    }

    public OidcServer Issuer { get; }

    public OidcLogins Logins => Issuer.Logins;

    public PortalApp Portal { get; }

    public TestApp App => Portal.App;

    /// <summary>What the host has logged since the last <see cref="Reset"/>.</summary>
    public string Log => App.Log.Text[_logged..];

    /// <param name="secret">Of the portal's client; null: there is none yet.</param>
    /// <param name="change">Other options than the identity provider's own address.</param>
    public static async Task<LoginFixture> StartAsync(string? secret = OidcLogins.ClientSecret, Func<OidcOptions, OidcOptions>? change = null)
    {
        var time = new FakeTime();
        var issuer = await OidcServer.StartAsync(time);
        var options = new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile };
        return new LoginFixture(issuer, await PortalApp.StartAsync(change is null ? options : change(options), time, secret));
    }

    /// <summary>For the next test: the identity provider is as it was, and is asked anew.</summary>
    public void Reset()
    {
        Logins.Reset();
        Issuer.Discovery = _discovery;
        App.Time.Advance(TimeSpan.FromSeconds(3));
        _logged = App.Log.Text.Length;
    }

    /// <summary>As far as the identity provider: the authorization request.</summary>
    public async Task<Uri> BeginAsync(Browser browser, string? returnPath = null) =>
        (await browser.GetAsync(new Uri(Portal.Url, "portal/oidc/login" + (returnPath is null ? "" : "?return_path=" + Uri.EscapeDataString(returnPath))), stopAt: Issuer.Issuer)).Url;

    /// <summary>Begins, signs in there, comes back.</summary>
    public async Task<BrowserPage> SignInAsync(Browser browser) => await browser.GetAsync(Logins.Answered(await BeginAsync(browser)));

    /// <summary>The roles of all users from now on.</summary>
    public void Roles(params string[] roles) => Logins.AccessToken = c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray([.. roles.Select(r => (JsonNode)r)]) };

    public async ValueTask DisposeAsync()
    {
        await Portal.DisposeAsync();
        await Issuer.DisposeAsync();
    }
}
