using IoTPlatform.Identity.Portal;
using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>
/// An identity provider at which every tenant's realm is a client. Ensure and Remove are idempotent. A server that doesn't
/// answer is a <see cref="Hosting.DependencyDownException"/> or a 503.
/// </summary>
internal interface IFederationProvisioner
{
    /// <summary>Where a tenant reads how to talk to the identity provider (OpenID Connect Discovery 1.0, section 4).</summary>
    Uri DiscoveryUrl { get; }

    /// <summary>The client exists with exactly this secret and redirect URI.</summary>
    Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken);

    Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken);

    /// <summary>Null: there is no client of this tenant.</summary>
    Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken);
}

internal static class FederationProvisionerExtensions
{
    /// <summary>A suspended tenant has no client, whoever may know its secret. The secret stays: resuming makes the client again.</summary>
    public static Task EnsureClientAsync(this IFederationProvisioner federation, FederationClient client, bool suspended, CancellationToken cancellationToken) =>
        suspended ? federation.RemoveClientAsync(client.TenantId, cancellationToken) : federation.EnsureClientAsync(client, cancellationToken);
}

/// <summary>The confidential OIDC client of one tenant. A class, not a record: it carries a secret and must not print it.</summary>
internal sealed class FederationClient
{
    public required string TenantId { get; init; }
    public required string ClientId { get; init; }
    public required string Secret { get; init; }

    /// <summary>The one redirect URI; null while the tenant has not said where it takes logins: the client then accepts none.</summary>
    public Uri? RedirectUri { get; init; }

    /// <summary>Where a sign-out at the tenant comes back to, after it has ended here, too.</summary>
    public Uri? PostLogoutRedirectUri { get; init; }

    public static FederationClient Of(string tenantId, string secret, JoinRow join) => new()
    {
        TenantId = tenantId,
        ClientId = IdOf(tenantId),
        Secret = secret,
        RedirectUri = RedirectUriOf(tenantId, join.KeycloakUrl, join.PortalUrl),
        PostLogoutRedirectUri = PostLogoutRedirectUriOf(tenantId, join.KeycloakUrl, join.PortalUrl),
    };

    public static string IdOf(string tenantId) => $"cdm-federation-{tenantId}";

    /// <summary>Keycloak's broker callback of the tenant's realm where it has one, else its portal's.</summary>
    public static Uri? RedirectUriOf(string tenantId, string? keycloakUrl, string? portalUrl = null) =>
        keycloakUrl is not null ? new Uri($"{keycloakUrl.TrimEnd('/')}/realms/{tenantId}/broker/cdm-provider/endpoint")
        : portalUrl is not null ? PortalAddresses.Callback(new Uri(portalUrl + "/"))
        : null;

    private static Uri? PostLogoutRedirectUriOf(string tenantId, string? keycloakUrl, string? portalUrl) =>
        keycloakUrl is not null ? new Uri(RedirectUriOf(tenantId, keycloakUrl) + "/logout_response")
        : portalUrl is not null ? PortalAddresses.Home(new Uri(portalUrl + "/"))
        : null;
}

/// <summary>What the identity provider has of a tenant's client, without its secret.</summary>
internal sealed record FederationClientState(string ClientId, string? RedirectUri);
