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

    /// <summary>Null: its bridge is not connected, or this provider can't tell.</summary>
    public DateTimeOffset? BridgeUpSince { get; init; }
}
