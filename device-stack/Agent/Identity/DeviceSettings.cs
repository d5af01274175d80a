namespace IoTPlatform.Agent;

/// <summary>What a device has to know about itself and its tenant; no secret.</summary>
public sealed record DeviceSettings
{
    public required Uri TenantUrl { get; init; }
    public required string DeviceId { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
}
