namespace IoTPlatform.Contracts.Events;

/// <summary>It is not connected any more.</summary>
public sealed record DeviceOffline : DeviceEvent
{
    public const string Name = "device.offline";

    public override string Type => Name;
}
