namespace IoTPlatform.Contracts.Events;

/// <summary>It is connected to the tenant's broker.</summary>
public sealed record DeviceOnline : DeviceEvent
{
    public const string Name = "device.online";

    public override string Type => Name;
}
