namespace IoTPlatform.Contracts.Join;

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
    public required string RabbitmqUrl { get; init; }
    public required string RabbitmqMqttUrl { get; init; }
    public required string RabbitmqVhost { get; init; }
    public required string RabbitmqUser { get; init; }

    /// <summary>The MQTT bridge client certificate, PEM, issued by the Intermediate CA.</summary>
    public required string MqttBridgeCert { get; init; }
    public required string CdmIdpClientId { get; init; }
    public required string CdmIdpClientSecret { get; init; }
    public required string CdmDiscoveryUrl { get; init; }
}
