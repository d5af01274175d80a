using System.Text.Json.Nodes;
using IoTPlatform.Hosting.Oidc;
using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Portal;

/// <summary>A portal and the identity provider it sends people to, by one clock.</summary>
internal sealed class LoginHouse : IAsyncDisposable
{
    private LoginHouse(OidcServer issuer, PortalApp portal)
    {
        Issuer = issuer;
        Portal = portal;
    }

    public OidcServer Issuer { get; }

    public OidcLogins Logins => Issuer.Logins;

    public PortalApp Portal { get; }

    public TestApp App => Portal.App;

    public static async Task<LoginHouse> StartAsync(string? secret = OidcLogins.ClientSecret)
    {
        var time = new FakeTime();
        var issuer = await OidcServer.StartAsync(time);
        return new LoginHouse(issuer, await PortalApp.StartAsync(new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile }, time, secret));
    }

    /// <summary>As far as the identity provider: the authorization request.</summary>
    public async Task<Uri> BeginAsync(Browser browser, string? returnPath = null) =>
        (await browser.GetAsync(new Uri(Portal.Url, "portal/oidc/login" + (returnPath is null ? "" : "?return_path=" + Uri.EscapeDataString(returnPath))), stopAt: Issuer.Issuer)).Url;

    /// <summary>Begins, signs in there, comes back.</summary>
    public async Task<BrowserPage> SignInAsync(Browser browser) => await browser.GetAsync(Logins.Answered(await BeginAsync(browser)));

    /// <summary>Everybody's roles from now on.</summary>
    public void Roles(params string[] roles) => Logins.AccessToken = c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray([.. roles.Select(r => (JsonNode)r)]) };

    public async ValueTask DisposeAsync()
    {
        await Portal.DisposeAsync();
        await Issuer.DisposeAsync();
    }
}
