namespace IoTPlatform.Contracts.Events;

/// <summary>The tenant's MQTT bridge was seen connected to the provider's broker, after it was not.</summary>
public sealed record BridgeUp : TenantEvent
{
    public const string Name = "bridge.up";

    public override string Type => Name;
}
