namespace IoTPlatform.Provider.Features.Messaging;

/// <param name="MaxConnections">Live connections in the namespace.</param>
/// <param name="MaxQueues">Sessions with subscriptions in the namespace.</param>
/// <param name="MaxMessageBytes">Longest payload of one message.</param>
internal sealed record BrokerLimits(int MaxConnections, int MaxQueues, int MaxMessageBytes)
{
    /// <summary>One bridge, one more while it reconnects, and room for an operator's look.</summary>
    public static BrokerLimits Default { get; } = new(MaxConnections: 10, MaxQueues: 100, MaxMessageBytes: 256 * 1024);
}
