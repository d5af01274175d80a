namespace IoTPlatform.Contracts.Tenants;

/// <summary>Where the broker is not as the platform wants it for a tenant; of a repair, what it put right.</summary>
public sealed record BrokerCheck
{
    public required string TenantId { get; init; }
    public required IReadOnlyList<BrokerDifferenceView> Differences { get; init; }
}
