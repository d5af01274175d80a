namespace IoTPlatform.Contracts.Join;

/// <summary><c>GET /portal/admin/platform</c>: who the provider takes the caller for.</summary>
public sealed record PlatformView
{
    public required string PlatformDomain { get; init; }
    public required string TenantId { get; init; }
    public string? CommonName { get; init; }
    public string? SpiffeId { get; init; }

    /// <summary>Decimal.</summary>
    public string? Serial { get; init; }

    /// <summary>Subject key identifier of the Intermediate CA that signs now, in lower-case hex; null from a provider of a version before.</summary>
    public string? IntermediateKeyId { get; init; }

    /// <summary>Number of the newest list of revoked Sub-CAs.</summary>
    public long? RevokedSubCas { get; init; }

    /// <summary>Where the tenant's bridge logs in now: an address that was moved, or is new, gets to tenants that joined before. Null from a provider of a version before.</summary>
    public BridgeLogin? Bridge { get; init; }
}

/// <summary>The bridge's login at the provider's broker, by its certificate; as in the JOIN bundle.</summary>
public sealed record BridgeLogin
{
    /// <summary>AMQP. Null where the provider's broker speaks MQTT only.</summary>
    public string? RabbitmqUrl { get; init; }
    public required string RabbitmqMqttUrl { get; init; }
    public required string RabbitmqVhost { get; init; }
    public required string RabbitmqUser { get; init; }
}
