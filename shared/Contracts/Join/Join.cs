namespace IoTPlatform.Contracts.Join;

/// <summary><c>POST /portal/admin/join</c> (header <c>X-Join-Key</c>) and <c>POST /portal/admin/join-request/{tenant_id}</c>. CSRs are PEM PKCS#10 (RFC 2986).</summary>
public sealed record JoinRequest
{
    public required string SubCaCsr { get; init; }
    public required string MqttBridgeCsr { get; init; }

    /// <summary>Base64 of the tenant's 32-byte Curve25519 public key.</summary>
    public string? WgPubkey { get; init; }
    public string? KeycloakUrl { get; init; }

    /// <summary>The tenant's portal as browsers reach it, where the provider's staff comes back to at a tenant without Keycloak.</summary>
    public string? PortalUrl { get; init; }
}

/// <summary>What a joined tenant gets. A class, not a record: it carries a secret and must not print it.</summary>
public sealed class JoinBundle
{
    public required string TenantId { get; init; }

    /// <summary>Always <c>joined</c>: a bundle with parts missing is never answered.</summary>
    public required string Status { get; init; }

    /// <summary>The platform domain below which the tenant's SPIFFE trust domain lies.</summary>
    public required string PlatformDomain { get; init; }

    /// <summary>The signed Sub-CA certificate, PEM.</summary>
    public required string SignedCert { get; init; }
    public required string RootCaCert { get; init; }

    /// <summary>Intermediate(s) then root, PEM, in issuing order.</summary>
    public required string CaChain { get; init; }

    /// <summary>AMQP. Null where the provider's broker speaks MQTT only.</summary>
    public string? RabbitmqUrl { get; init; }

    /// <summary>With the two below: the bridge's login at the broker, by its certificate. All null of a provider that serves no tenants there.</summary>
    public string? RabbitmqMqttUrl { get; init; }
    public string? RabbitmqVhost { get; init; }
    public string? RabbitmqUser { get; init; }

    /// <summary>The MQTT bridge client certificate, PEM, issued by the Intermediate CA.</summary>
    public required string MqttBridgeCert { get; init; }

    /// <summary>With the two below: the client of this tenant at the provider's identity provider. All null where it has none.</summary>
    public string? CdmIdpClientId { get; init; }
    public string? CdmIdpClientSecret { get; init; }
    public string? CdmDiscoveryUrl { get; init; }
}

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/join-confirm</c>: ends the JOIN key. Idempotent.</summary>
public sealed record JoinConfirmation
{
    /// <summary>A proof JWT (ES256) made with the Sub-CA key: <c>sub</c> = tenant id, <c>aud</c> = this URL, at most 5 minutes.</summary>
    public required string Proof { get; init; }
}
