namespace IoTPlatform.Contracts.Events;

/// <summary>A device was registered, or came again with another key.</summary>
public sealed record DeviceEnrolled : PlatformEvent
{
    public const string Name = "device.enrolled";

    public override string Type => Name;

    public required string DeviceId { get; init; }

    /// <summary>It was registered before.</summary>
    public required bool Again { get; init; }

    public override string Scope => DeviceId;
}
