namespace IoTPlatform.Contracts.Events;

/// <summary>The tenant's bridge is not connected any more.</summary>
public sealed record BridgeDown : TenantEvent
{
    public const string Name = "bridge.down";

    public override string Type => Name;
}
