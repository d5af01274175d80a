namespace IoTPlatform.Contracts.Events;

/// <summary>The tenant's bridge is connected to the provider's broker.</summary>
public sealed record BridgeUp : TenantEvent
{
    public const string Name = "bridge.up";

    public override string Type => Name;
}

/// <summary>The tenant's bridge is not connected any more.</summary>
public sealed record BridgeDown : TenantEvent
{
    public const string Name = "bridge.down";

    public override string Type => Name;
}
