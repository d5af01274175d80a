using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Provider.Data;

/// <summary>A command to a tenant's device.</summary>
internal sealed class TenantCommandRow
{
    public required Guid Id { get; init; }
    public required string TenantId { get; init; }
    public required string DeviceId { get; init; }
    public required string Name { get; init; }

    /// <summary>JSON.</summary>
    public string? Payload { get; init; }
    public required CommandState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required DateTimeOffset NextTryAt { get; init; }
    public DateTimeOffset? TakenAt { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>JSON.</summary>
    public string? Answer { get; init; }
    public string? Reason { get; init; }
}
