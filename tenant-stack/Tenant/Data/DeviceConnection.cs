namespace IoTPlatform.Tenant.Data;

/// <summary>Read only here: <see cref="Features.Mqtt.DevicePresence"/> writes it.</summary>
internal sealed class DeviceConnection
{
    public required string DeviceId { get; init; }
    public required bool Online { get; init; }
    public required DateTimeOffset Since { get; init; }
}
