namespace IoTPlatform.Contracts.Tenants;

/// <summary>Where the broker is not as the platform wants it for a tenant; of a repair, what it put right.</summary>
public sealed record BrokerCheck
{
    public required string TenantId { get; init; }
    public required IReadOnlyList<BrokerDifferenceView> Differences { get; init; }

    /// <summary>What was seen not to hold at the broker, for every tenant: only its configuration puts that right. Null: the provider is too old to try it.</summary>
    public IReadOnlyList<BrokerDifferenceView>? Broker { get; init; }
}
