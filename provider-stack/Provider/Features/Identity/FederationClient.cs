namespace IoTPlatform.Provider.Features.Identity;

/// <summary>The confidential OIDC client of one tenant. A class, not a record: it carries a secret and must not print it.</summary>
internal sealed class FederationClient
{
    public required string TenantId { get; init; }
    public required string ClientId { get; init; }
    public required string Secret { get; init; }

    /// <summary>The one redirect URI; null while the tenant has no identity server: nobody can log in through this client.</summary>
    public Uri? RedirectUri { get; init; }

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
