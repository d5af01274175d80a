namespace IoTPlatform.Contracts.Devices;

public sealed record DeviceSummary
{
    public required string DeviceId { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
    public required DeviceStatus Status { get; init; }
    public required DateTimeOffset EnrolledAt { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Null: it never was connected, or this tenant can't tell.</summary>
    public DevicePresenceView? Presence { get; init; }
}
