namespace IoTPlatform.Contracts.Tenants;

public sealed record TenantDetail
{
    public required string TenantId { get; init; }
    public required string DisplayName { get; init; }
    public required TenantStatus Status { get; init; }
    public required string Plan { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? JoinKeyExpiresAt { get; init; }
    public required IReadOnlyList<string> DnsDomains { get; init; }
    public required IReadOnlyList<JoinStepView> Steps { get; init; }

    /// <summary>Decimal serials of the Sub-CA certificates that are valid now, newest first (two during a rotation).</summary>
    public required IReadOnlyList<string> SubCaSerials { get; init; }
    public string? BridgeSerial { get; init; }

    /// <summary>Hex SHA-256 of the SubjectPublicKeyInfo of the Sub-CA key that joins or asks to join: what an admin compares before approving.</summary>
    public string? SubCaKeySha256 { get; init; }
    public string? BrokerNamespace { get; init; }
    public string? BrokerLogin { get; init; }

    /// <summary>Why the broker could not be asked; null: it answered.</summary>
    public string? BrokerProblem { get; init; }

    /// <summary>Null: its bridge is not connected, or this provider can't tell.</summary>
    public DateTimeOffset? BridgeUpSince { get; init; }

    /// <summary>Null: not suspended.</summary>
    public DateTimeOffset? SuspendedAt { get; init; }
    public string? SuspendedReason { get; init; }
    public string? FederationClientId { get; init; }
    public string? KeycloakUrl { get; init; }
}
