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
        options is { Oidc: null, KeycloakUrl: null } && AccessOf(options, files) is { } access && IssuerOf(access.DiscoveryUrl) is { } issuer
            ? new()
            {
                ClientId = access.ClientId,
                Issuer = new OidcOptions { Issuer = issuer, Follows = Following(options, files, issuer), CaFile = options.FederationCaFile ?? files.ProviderCas },
            }
            : null;

    /// <summary>As the bundle of now has it: the provider may have replaced or moved it since the start.</summary>
    public static ProviderAccess? AccessOf(TenantOptions options, JoinFiles files) => files.ReadBundle() is { } bundle ? ProviderAccess.Of(options, bundle) : null;

    /// <summary>Never back to a former one, whose name may be somebody else's by now: while the bundle names none, the last one stays.</summary>
    private static Func<string?> Following(TenantOptions options, JoinFiles files, string issuer)
    {
        var last = issuer;
        return () => last = (AccessOf(options, files) is { } now ? IssuerOf(now.DiscoveryUrl) : null) ?? last;
    }

    // OpenID Connect Discovery 1.0 section 4. With keys fetched over plain http a man in the middle could sign in as any user.
    private static string? IssuerOf(string discoveryUrl) =>
        discoveryUrl.EndsWith(WellKnown, StringComparison.Ordinal) && Uri.TryCreate(discoveryUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback)
            ? discoveryUrl[..^WellKnown.Length]
            : null;
}

/// <summary>The client secret of the bundle of now.</summary>
internal sealed class BundleSecret(TenantOptions options, JoinFiles files) : IClientSecret
{
    public Task<string?> FindAsync(CancellationToken cancellationToken) =>
        Task.FromResult(PlatformLogin.AccessOf(options, files)?.ClientSecret);
}
