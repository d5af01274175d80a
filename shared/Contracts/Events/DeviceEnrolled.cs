namespace IoTPlatform.Contracts.Events;

/// <summary>It has its first certificate.</summary>
public sealed record DeviceEnrolled : DeviceEvent
{
    public const string Name = "device.enrolled";

    public override string Type => Name;
}
