using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one tenant as the provider sees it; <see cref="PlatformEvent.TenantId"/> is set.</summary>
public abstract record TenantEvent : PlatformEvent
{
    [JsonIgnore]
    public override string Scope => TenantId ?? "";
}
