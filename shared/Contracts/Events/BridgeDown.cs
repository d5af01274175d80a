namespace IoTPlatform.Contracts.Events;

/// <summary>The tenant's MQTT bridge was seen gone from the provider's broker.</summary>
public sealed record BridgeDown : TenantEvent
{
    public const string Name = "bridge.down";

    public override string Type => Name;
}
