namespace IoTPlatform.Provider.Features.Messaging;

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
