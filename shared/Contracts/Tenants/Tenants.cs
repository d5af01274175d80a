using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Tenants;

public sealed record TenantSummary
{
    public required string TenantId { get; init; }
    public required string DisplayName { get; init; }
    public required TenantStatus Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? JoinKeyExpiresAt { get; init; }
    public DateTimeOffset? SuspendedAt { get; init; }
    public string? SuspendedReason { get; init; }

    /// <summary>Null if its bridge is not connected, or if this provider does not poll connections.</summary>
    public DateTimeOffset? BridgeUpSince { get; init; }
}

public sealed record TenantDetail
{
    public required string TenantId { get; init; }
    public required string DisplayName { get; init; }
    public required TenantStatus Status { get; init; }
    public required string Plan { get; init; }

    /// <summary>That the provider's CA renews and rotates for it in a month, by its plan; null: any number.</summary>
    public int? CertificatesPerMonth { get; init; }

    /// <summary>Of those, used up this month; null: they are not counted.</summary>
    public int? CertificatesThisMonth { get; init; }
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

    /// <summary>Null if its bridge is not connected, or if this provider does not poll connections.</summary>
    public DateTimeOffset? BridgeUpSince { get; init; }

    /// <summary>Null: not suspended.</summary>
    public DateTimeOffset? SuspendedAt { get; init; }
    public string? SuspendedReason { get; init; }
    public string? FederationClientId { get; init; }
    public string? KeycloakUrl { get; init; }
}

[JsonConverter(typeof(SnakeCaseEnum<TenantStatus>))]
public enum TenantStatus
{
    /// <summary>A JOIN key or an approval is outstanding.</summary>
    Prepared,

    /// <summary>Sent by the tenant over the approve-and-poll flow; an admin has to decide.</summary>
    Requested,

    /// <summary>Bound to a Sub-CA key; the workflow is running.</summary>
    Joining,

    /// <summary>Every step done; the bundle may be fetched until the tenant confirms.</summary>
    Joined,

    /// <summary>The tenant confirmed the bundle; the JOIN key is spent.</summary>
    Active,
    Rejected,

    /// <summary>Being undone; ends with the row gone from the list and only the audit log and revoked certificates left.</summary>
    Removing,
    Removed,
}

public sealed record JoinStepView
{
    public required string Step { get; init; }
    public required int Attempts { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Milliseconds the successful attempt took.</summary>
    public double? DurationMs { get; init; }
    public string? LastError { get; init; }

    /// <summary>What an operator should know of a step that is done.</summary>
    public string? Note { get; init; }
}

/// <summary>One line of a tenant's history.</summary>
public sealed record TenantEventView
{
    public required Guid Id { get; init; }

    /// <summary>For example <c>tenant.joined</c>.</summary>
    public required string Type { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who caused it.</summary>
    public required string By { get; init; }

    /// <summary>The whole event, as it was published.</summary>
    public required JsonElement Event { get; init; }
}
