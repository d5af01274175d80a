using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one device of a tenant.</summary>
public abstract record DeviceEvent : PlatformEvent
{
    public required string DeviceId { get; init; }

    [JsonIgnore]
    public override string Scope => DeviceId;
}
