using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Tenant.Data;

/// <summary>A command to a device, and what became of it.</summary>
internal sealed class DeviceCommand
{
    public long Id { get; init; }
    public required string DeviceId { get; init; }
    public required string Name { get; init; }

    /// <summary>JSON.</summary>
    public string? Payload { get; init; }
    public required CommandState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>JSON.</summary>
    public string? Answer { get; init; }
    public string? Reason { get; init; }

    /// <summary>Of a command of the provider: its id there.</summary>
    public Guid? ProviderId { get; init; }

    /// <summary>The state that the provider knows; null: it knows none, or asks again.</summary>
    public CommandState? Reported { get; init; }
}
