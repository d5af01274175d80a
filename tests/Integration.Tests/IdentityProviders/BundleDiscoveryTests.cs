using System.Globalization;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>
/// <c>cdm_discovery_url</c> of every bundle answers, whoever the identity provider is, under whatever address, for every kind of tenant. Over TLS with the
/// tenants' own files it is looked at in <see cref="FourMixesTests"/>, with RabbitMQ in <c>TwoTenantsTests</c>.
/// </summary>
[Collection(SharedKeycloak.Name)]
public sealed class BundleDiscoveryTests(KeycloakFixture fixture) : IClassFixture<KeycloakFixture>
{
    [SkippableFact]
    public async Task Keycloak_IsNamedAndServed() => await EveryKindOfTenantAsync(fixture.Provider, "k", fixture.Keycloak.Issuer(fixture.Realm));

    /// <summary>The provider itself reaches it under another address than browsers and tenants do.</summary>
    [SkippableFact]
    public async Task KeycloakByABackChannel_ItsPublicAddressIsNamedAndServed()
    {
        var realm = fixture.Realm + "-reached";
        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
        {
            ["IOT_IDENTITY"] = "keycloak",
            ["IOT_OIDC_ISSUER"] = fixture.Keycloak.Issuer(realm),
            ["IOT_OIDC_BACKCHANNEL"] = RenamedHostTests.Fixture.Renamed(fixture.Keycloak.Url).AbsoluteUri,
        });
        using var admin = await provider.AdminAsync(TimeSpan.FromMinutes(3));
        await admin.InitIdentityAsync(new InitIdentityRequest { Username = KeycloakServer.Admin, Password = fixture.Keycloak.AdminPassword });

        await EveryKindOfTenantAsync(provider, "b", fixture.Keycloak.Issuer(realm));
    }

    [SkippableFact]
    public async Task OwnIssuer_IsNamedAndServed_AlsoBehindAReverseProxy()
    {
        var settings = new Dictionary<string, string?>();
        await using var provider = await ProviderStack.StartAsync(settings);
        await EveryKindOfTenantAsync(provider, "e", new Uri(provider.Url, "realms/cdm").AbsoluteUri);

        using var folder = new TempFolder();
        var edge = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{FreePort.Next()}/"));
        await using var caddy = await CaddyAsync(folder, edge, provider.Url);
        settings["IOT_PUBLIC_URL"] = edge.AbsoluteUri;
        await provider.RestartAsync();

        await EveryKindOfTenantAsync(provider, "p", new Uri(edge, "realms/cdm").AbsoluteUri);
    }

    /// <summary>With a Keycloak, with its own issuer, and of a version that says neither.</summary>
    private static async Task EveryKindOfTenantAsync(ProviderStack provider, string prefix, string issuer)
    {
        foreach (var (kind, withKeycloak, portal) in new (string, bool, Uri?)[] { ("keycloak", true, null), ("portal", false, new Uri("https://portal.example/")), ("neither", false, null) })
        {
            using var tenant = await JoiningTenant.PrepareAsync(provider, $"{prefix}-{kind}");
            (await BundleDiscovery.IsServedAsync(await tenant.JoinAsync(withKeycloak, portal), hasClient: withKeycloak || portal is not null)).ShouldBe(issuer, kind);
        }
    }

    /// <summary>It has a certificate of its own, and asks the provider by another name than browsers use.</summary>
    private static async Task<ProcessUnderTest> CaddyAsync(TempFolder folder, Uri edge, Uri provider)
    {
        var program = Requires.Tool("caddy");
        await File.WriteAllTextAsync(folder.Combine("Caddyfile"), $$"""
            {
              admin off
              auto_https disable_redirects
              skip_install_trust
              storage file_system {{folder.Combine("caddy")}}
            }
            https://localhost:{{edge.Port.ToString(CultureInfo.InvariantCulture)}} {
              bind 127.0.0.1
              tls internal
              reverse_proxy https://127.0.0.1:{{provider.Port.ToString(CultureInfo.InvariantCulture)}} {
                header_up Host {upstream_hostport}
                transport http {
                  tls_insecure_skip_verify
                }
              }
            }
            """);
        var caddy = ProcessUnderTest.Start(program, ["run", "--config", folder.Combine("Caddyfile"), "--adapter", "caddyfile"], new Dictionary<string, string?> { ["HOME"] = folder.Path });
        await caddy.WaitForLineAsync(line => line.Contains("serving initial configuration", StringComparison.Ordinal));
        return caddy;
    }
}
