namespace IoTPlatform.Contracts.Events;

/// <summary>It was admitted, for the first time or again with another key. Its certificate follows: <see cref="CertificateIssued"/>.</summary>
public sealed record DeviceEnrolled : DeviceEvent
{
    public const string Name = "device.enrolled";

    public override string Type => Name;
}
