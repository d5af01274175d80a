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

/// <summary>The confidential OIDC client of one tenant. A class, not a record: it carries a secret and must not print it.</summary>
internal sealed class FederationClient
{
    public required string TenantId { get; init; }
    public required string ClientId { get; init; }
    public required string Secret { get; init; }

    /// <summary>The one redirect URI; null while the tenant has no identity server: the client then accepts no login.</summary>
    public Uri? RedirectUri { get; init; }

    /// <summary>Where a sign-out at the tenant comes back to, after it has ended here, too.</summary>
    public Uri? PostLogoutRedirectUri => RedirectUri is null ? null : new Uri(RedirectUri.AbsoluteUri + "/logout_response");

    public static FederationClient Of(string tenantId, string secret, string? keycloakUrl) => new()
    {
        TenantId = tenantId,
        ClientId = IdOf(tenantId),
        Secret = secret,
        RedirectUri = RedirectUriOf(tenantId, keycloakUrl),
    };

    public static string IdOf(string tenantId) => $"cdm-federation-{tenantId}";

    /// <summary>Keycloak's broker callback of the tenant's realm.</summary>
    public static Uri? RedirectUriOf(string tenantId, string? keycloakUrl) =>
        keycloakUrl is null ? null : new Uri($"{keycloakUrl.TrimEnd('/')}/realms/{tenantId}/broker/cdm-provider/endpoint");
}

/// <summary>What the identity provider has of a tenant's client, without its secret.</summary>
internal sealed record FederationClientState(string ClientId, string? RedirectUri);
