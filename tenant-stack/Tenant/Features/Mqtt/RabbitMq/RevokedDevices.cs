using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>Ends the connections of revoked devices, about which RabbitMQ itself does not ask again, and of devices one of whose certificates was revoked: they come back with a good one.</summary>
internal sealed partial class RevokedDevices(DeviceAccess access, RabbitMqConnections broker, ILogger<RevokedDevices> log) : IConnectionWatcher, IRevocationWatcher
{
    private IReadOnlySet<string> _left = new HashSet<string>(StringComparer.Ordinal);

    public async Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken)
    {
        var left = new HashSet<string>(StringComparer.Ordinal);
        foreach (var device in await access.RevokedAmongAsync([.. connections.Select(access.DeviceOf).OfType<string>().Distinct(StringComparer.Ordinal)], cancellationToken))
        {
            if (await broker.TryCloseAsync(access.LoginOf(device), "revoked", cancellationToken))
            {
                Closed(device);
            }
            else if (left.Add(device) && !_left.Contains(device))
            {
                Stays(device);
            }
        }

        _left = left;
    }

    public async Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken)
    {
        foreach (var device in certificates.Where(c => c.Profile == Profiles.Device.Name).Select(c => c.Subject).Distinct(StringComparer.Ordinal))
        {
            await broker.TryCloseAsync(access.LoginOf(device), "certificate revoked", cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Device {Device} is revoked; its connection was ended")]
    private partial void Closed(string device);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Device {Device} is revoked and still connected: only a login with the tag administrator could end that. Give it to IOT_RABBITMQ_USER, or close the connection by hand")]
    private partial void Stays(string device);
}

/// <summary>Finds this tenant's devices among the connections of its RabbitMQ.</summary>
internal sealed class ConnectedDevices(DeviceAccess access, DevicePresence presence) : IConnectionWatcher
{
    public Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken) =>
        presence.ReconcileAsync(connections.Select(access.DeviceOf).OfType<string>().ToHashSet(StringComparer.Ordinal), cancellationToken);
}
