namespace IoTPlatform.Contracts.Devices;

/// <summary>Whether a device is connected to its tenant's broker.</summary>
public sealed record DevicePresenceView
{
    public required bool Online { get; init; }

    /// <summary>Since when it is what it is, as far as somebody looked.</summary>
    public required DateTimeOffset Since { get; init; }
}
