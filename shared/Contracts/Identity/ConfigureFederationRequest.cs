namespace IoTPlatform.Contracts.Identity;

/// <summary><c>POST /portal/admin/tenants/{id}/federation</c>: where the tenant's Keycloak is, as in the JOIN.</summary>
public sealed record ConfigureFederationRequest
{
    public required string KeycloakUrl { get; init; }
}
