namespace IoTPlatform.Provider.Features.Broker;

/// <summary>
/// A broker on which every tenant has a namespace of its own. Ensure and Remove are idempotent: they look at the broker and make
/// it so. A broker that doesn't answer is a <see cref="Hosting.DependencyDownException"/>.
/// </summary>
internal interface IBrokerProvisioner
{
    /// <summary>Namespace, login, rights and limits, or nothing of a namespace that grants too much. Suspended: live connections end, too.</summary>
    Task EnsureTenantAsync(BrokerTenant tenant, CancellationToken cancellationToken);

    /// <summary>Login first, namespace and everything in it afterwards.</summary>
    Task RemoveTenantAsync(string tenantId, CancellationToken cancellationToken);

    /// <summary>Where the broker is not as <see cref="EnsureTenantAsync"/> would make it. Changes nothing.</summary>
    Task<IReadOnlyList<BrokerDifference>> CompareAsync(BrokerTenant tenant, CancellationToken cancellationToken);

    /// <summary>What the broker has now; null: nothing of this tenant.</summary>
    Task<BrokerTenant?> InspectAsync(string tenantId, CancellationToken cancellationToken);
}

/// <summary>Tests the broker's behaviour, which its configuration alone does not show.</summary>
internal interface IBrokerProof
{
    /// <summary>What was seen not to hold, or can't be tried. A broker that doesn't answer is a <see cref="Hosting.DependencyDownException"/>.</summary>
    Task<IReadOnlyList<BrokerDifference>> FindAsync(CancellationToken cancellationToken);
}

/// <summary>Something on the broker that is not as the platform wants it.</summary>
/// <param name="What">For example <c>permission of acme-mqtt-bridge in acme</c>.</param>
/// <param name="Expected">Null: it should not be there.</param>
/// <param name="Actual">Null: it is missing.</param>
internal sealed record BrokerDifference(string What, string? Expected, string? Actual);

/// <param name="MaxConnections">Live connections in the namespace.</param>
/// <param name="MaxQueues">Sessions with subscriptions in the namespace.</param>
/// <param name="MaxMessageBytes">Longest payload of one message.</param>
internal sealed record BrokerLimits(int MaxConnections, int MaxQueues, int MaxMessageBytes)
{
    /// <summary>One bridge, one more while it reconnects, and a few for an operator.</summary>
    public static BrokerLimits Default { get; } = new(MaxConnections: 10, MaxQueues: 100, MaxMessageBytes: 256 * 1024);
}

internal sealed record BrokerPermissions(bool MayPublish, bool MaySubscribe, bool MayRetain);
