using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>The provider's staff at this tenant's portal, by whatever identity provider the bundle names. With a Keycloak of the tenant's in between that is Keycloak's part.</summary>
internal static class PlatformLogin
{
    private const string WellKnown = "/.well-known/openid-configuration";

    /// <summary>Null: the tenant has a Keycloak, or the provider has no identity provider.</summary>
    public static PlatformProvider? Of(TenantOptions options, JoinFiles files) =>
        options is { Oidc: null, KeycloakUrl: null } && files.ReadBundle() is { } bundle && ProviderAccess.Of(options, bundle) is { } access && IssuerOf(access.DiscoveryUrl) is { } issuer
            ? new() { ClientId = access.ClientId, Issuer = new OidcOptions { Issuer = issuer, CaFile = options.FederationCaFile ?? files.ProviderCas } }
            : null;

    // OpenID Connect Discovery 1.0 section 4. With keys fetched over plain http a man in the middle could sign in as any user.
    private static string? IssuerOf(string discoveryUrl) =>
        discoveryUrl.EndsWith(WellKnown, StringComparison.Ordinal) && Uri.TryCreate(discoveryUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback)
            ? discoveryUrl[..^WellKnown.Length]
            : null;
}

/// <summary>The client secret of the bundle of now: the provider may have replaced it since the start.</summary>
internal sealed class BundleSecret(TenantOptions options, JoinFiles files) : IClientSecret
{
    public Task<string?> FindAsync(CancellationToken cancellationToken) =>
        Task.FromResult(files.ReadBundle() is { } bundle ? ProviderAccess.Of(options, bundle)?.ClientSecret : null);
}
