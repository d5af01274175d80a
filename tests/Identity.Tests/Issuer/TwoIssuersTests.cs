using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>A tenant with an issuer of its own, whose portal signs the provider's staff in at the provider's: two issuers, one audience, and no token of the one opens the other.</summary>
public sealed class TwoIssuersTests(IssuerFixture provider) : IClassFixture<IssuerFixture>, IAsyncLifetime
{
    private const string Client = "cdm-federation-hooli";
    private const string Secret = "hooli's secret";
    private PortalApp _tenant = null!;

    private string Issuer => _tenant.Url + "realms/cdm";

    private ServiceAccounts Programs => _tenant.App.Services.GetRequiredService<ServiceAccounts>();

    public async Task InitializeAsync()
    {
        _tenant = await PortalApp.StartAsync(
            time: provider.App.Time, secret: Secret, realm: "cdm",
            platform: new PlatformProvider { ClientId = Client, Issuer = new OidcOptions { Issuer = provider.Issuer, CaFile = provider.Portal.CaFile } });
        await provider.App.Services.GetRequiredService<IssuerClients>().EnsureAsync(
            new IssuerClient { ClientId = Client, DisplayName = "tenant hooli", RedirectUri = _tenant.Callback, PostLogoutRedirectUri = _tenant.Home, IsFederation = true }, Secret, default);
        await _tenant.App.Accounts.CreateAsync("tess", TestApp.Password, [Roles.Admin], default);
    }

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Discovery_NamesTheTenantsOwnIssuer() => (await provider.GetAsync(new Uri(Issuer + "/.well-known/openid-configuration")))["issuer"].ShouldBe(Issuer);

    [SkippableFact]
    public async Task ServiceAccount_OfTheTenant_OpensTheTenant_AndNothingAtTheProvider()
    {
        var secret = await Programs.AddAsync("deployer", [Roles.Admin], publicKey: null, "tess", default);
        var token = (await TokenAsync(_tenant.Url, "deployer", secret!))["access_token"];

        (await StatusAsync(_tenant.Url, token)).ShouldBe(200);
        (await StatusAsync(provider.Portal.Url, token)).ShouldBe(401);
        (await TokenAsync(provider.Portal.Url, "deployer", secret!))["error"].ShouldBe("invalid_client");
    }

    [SkippableFact]
    public async Task AccessToken_OfTheProvider_OpensNothingAtTheTenant()
    {
        var admins = (await provider.SignedInAsync(IssuerFixture.Api, "ada"))["access_token"];
        var secret = await provider.App.Services.GetRequiredService<ServiceAccounts>().AddAsync("of-the-provider", [Roles.Admin], publicKey: null, "ada", default);
        var programs = (await TokenAsync(provider.Portal.Url, "of-the-provider", secret!))["access_token"];

        (await StatusAsync(provider.Portal.Url, programs)).ShouldBe(200);
        (await StatusAsync(_tenant.Url, admins)).ShouldBe(401);
        (await StatusAsync(_tenant.Url, programs)).ShouldBe(401);
    }

    [SkippableFact]
    public async Task AccessToken_OfOneTenant_OpensNothingAtAnother()
    {
        await using var other = await PortalApp.StartAsync(time: provider.App.Time, realm: "cdm");
        var secret = await Programs.AddAsync("roaming", [Roles.Admin], publicKey: null, "tess", default);
        var token = (await TokenAsync(_tenant.Url, "roaming", secret!))["access_token"];

        (await StatusAsync(_tenant.Url, token)).ShouldBe(200);
        (await StatusAsync(other.Url, token)).ShouldBe(401);
    }

    /// <summary>What the provider's client at this tenant gets of a person of its staff opens nothing anywhere.</summary>
    [SkippableFact]
    public async Task Staff_OfTheProvider_StillSignsInByTheProvidersIssuer()
    {
        using var browser = new Browser();
        var form = await browser.GetAsync((await browser.GetAsync(_tenant.Home)).Link("Platform provider"));

        var page = await browser.SubmitAsync(form, "/realms/cdm/sign-in", ("username", "ada"), ("password", TestApp.Password));

        page["name"].ShouldBe("cdm-provider.ada");
        page["roles"].ShouldBe(Roles.Admin);
        page["realm"].ShouldBe(provider.Issuer);
        // At the tenant's own issuer this person is nobody: no code without an account of the tenant's.
        (await browser.GetAsync(new Uri($"{Issuer}/protocol/openid-connect/auth{new AuthorizationRequest { ClientId = "iot-cli", RedirectUri = "http://127.0.0.1:48124/", Scope = "iot-bridge-api" }.Query()}")))
            .Text.ShouldContain("With your account of this server");
    }

    [SkippableFact]
    public async Task CommandLine_SignsInAtTheTenant_ByACode()
    {
        using var browser = new Browser();
        var device = await PostAsync(_tenant.Url, "auth/device", ("client_id", "iot-cli"), ("scope", "iot-bridge-api"));
        var page = await browser.SubmitAsync(await browser.GetAsync(new Uri(device["verification_uri_complete"]!)), "device/sign-in", ("username", "tess"), ("password", TestApp.Password));
        await browser.SubmitAsync(page, "/device", ("decision", "allow"));

        var tokens = await PostAsync(_tenant.Url, "token", ("client_id", "iot-cli"), ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", device["device_code"]!));

        (await StatusAsync(_tenant.Url, tokens["access_token"])).ShouldBe(200);
        (await StatusAsync(provider.Portal.Url, tokens["access_token"])).ShouldBe(401);
    }

    private async Task<int> StatusAsync(Uri server, string? token) => (await provider.GetAsync(new Uri(server, "portal/audit"), token)).Status;

    private Task<TokenAnswer> TokenAsync(Uri server, string name, string secret) =>
        PostAsync(server, "token", ("grant_type", "client_credentials"), ("client_id", "service-account-" + name), ("client_secret", secret), ("scope", "iot-bridge-api"));

    private Task<TokenAnswer> PostAsync(Uri server, string endpoint, params (string Name, string Value)[] form) =>
        provider.PostAsync(new Uri(server, "realms/cdm/protocol/openid-connect/" + endpoint), form);
}
