using System.Text.Json;

namespace IoTPlatform.Contracts.Identity;

/// <summary><c>POST /portal/admin/identity/init</c>: an administrator of the identity provider, used for this one call. A class, not a record: it carries a secret.</summary>
public sealed class InitIdentityRequest
{
    public required string Username { get; init; }
    public required string Password { get; init; }

    /// <summary>The realm the administrator is in; <c>master</c> unless said otherwise.</summary>
    public string? Realm { get; init; }
}

/// <summary>What an initialization created or changed; empty if there was no difference.</summary>
public sealed record InitializedIdentity
{
    public required string Realm { get; init; }

    /// <summary>For people, one thing each.</summary>
    public required IReadOnlyList<string> Changes { get; init; }
}

/// <summary><c>POST /portal/admin/identity/rotate-keys</c>: the key that this host's issuer signs with next.</summary>
public sealed record RotatedKeys
{
    public required string KeyId { get; init; }

    /// <summary>Published before, so that whoever checks tokens knows it by then.</summary>
    public required DateTimeOffset SignsFrom { get; init; }
}

/// <summary><c>POST /portal/admin/identity/export</c>: everything that signs people and programs in here, as Keycloak imports it. A class, not a record: it carries secrets.</summary>
public sealed class ExportedRealm
{
    /// <summary>Keycloak's representation of a realm.</summary>
    public required JsonElement Realm { get; init; }

    /// <summary>What could not be moved, for people.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }
}

/// <summary><c>POST /portal/admin/tenants/{id}/federation</c>: where the tenant's Keycloak is, as in the JOIN.</summary>
public sealed record ConfigureFederationRequest
{
    public required string KeycloakUrl { get; init; }
}

/// <summary><c>PUT /portal/admin/tenants/{id}/federation/portal</c>, by the tenant itself: where the provider's staff comes back to now.</summary>
public sealed record MoveTenantPortalRequest
{
    public required string PortalUrl { get; init; }

    /// <summary>The tenant has no Keycloak any more: its portal takes the logins, whatever was configured before.</summary>
    public bool KeycloakGivenUp { get; init; }
}

/// <summary>What a tenant's realm signs in to the provider's with. A class, not a record: it carries a secret.</summary>
public sealed class FederationCredentials
{
    /// <summary>Code of the refusal (409) of a provider that has none.</summary>
    public const string NoIdentityProvider = "no_identity_provider";

    public required string CdmIdpClientId { get; init; }
    public required string CdmIdpClientSecret { get; init; }
    public required string CdmDiscoveryUrl { get; init; }
}
