using IoTPlatform.Contracts;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Finds this tenant's devices among the connections of its RabbitMQ.</summary>
internal sealed class ConnectedDevices(DeviceAccess access, DevicePresence presence) : IConnectionWatcher
{
    public Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken) => presence.ReconcileAsync(
        connections.Where(c => c.Vhost == access.Namespace && c.User is not null).Select(c => access.DeviceOf(c.User!)).OfType<string>().Where(DeviceId.IsValid)
            .ToHashSet(StringComparer.Ordinal),
        cancellationToken);
}
