using System.Text.Json.Serialization;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one device of a tenant.</summary>
public abstract record DeviceEvent : PlatformEvent
{
    public required string DeviceId { get; init; }

    [JsonIgnore]
    public override string Scope => DeviceId;
}

/// <summary>It was admitted, for the first time or again with another key. Its certificate follows: <see cref="CertificateIssued"/>.</summary>
public sealed record DeviceEnrolled : DeviceEvent
{
    public const string Name = "device.enrolled";

    public override string Type => Name;
}

/// <summary>It is connected to the tenant's broker.</summary>
public sealed record DeviceOnline : DeviceEvent
{
    public const string Name = "device.online";

    public override string Type => Name;
}

/// <summary>It is not connected any more.</summary>
public sealed record DeviceOffline : DeviceEvent
{
    public const string Name = "device.offline";

    public override string Type => Name;
}

/// <summary>A command to it was sent, or has ended.</summary>
public sealed record DeviceCommanded : DeviceEvent
{
    public const string Name = "device.commanded";

    public override string Type => Name;

    public required long CommandId { get; init; }

    public required string CommandName { get; init; }

    public required CommandState State { get; init; }
}
