using IoTPlatform.RabbitMq;


namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Finds this tenant's devices among the connections of its RabbitMQ.</summary>
internal sealed class ConnectedDevices(DeviceAccess access, DevicePresence presence) : IConnectionWatcher
{
    public Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken) =>
        presence.ReconcileAsync(connections.Select(access.DeviceOf).OfType<string>().ToHashSet(StringComparer.Ordinal), cancellationToken);
}
