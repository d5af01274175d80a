namespace IoTPlatform.Contracts.Tenants;

public sealed record BrokerDifferenceView
{
    /// <summary>For example <c>permission of acme-mqtt-bridge in acme</c>.</summary>
    public required string What { get; init; }

    /// <summary>Null: it should not be there.</summary>
    public string? Expected { get; init; }

    /// <summary>Null: it is missing.</summary>
    public string? Actual { get; init; }
}
