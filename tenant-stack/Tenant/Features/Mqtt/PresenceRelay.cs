using IoTPlatform.Hosting.Events;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Tells which devices came and went. What it can't tell now is told later, as it is then.</summary>
internal sealed class PresenceRelay(NpgsqlDataSource database, IEventPublisher publisher, TimeProvider time, ILogger<PresenceRelay> log)
    : Relay(database, Lock, publisher, time, log)
{
    /// <summary>"iot-told" in ASCII.</summary>
    private const long Lock = 0x696f742d746f6c64;

    private const int BatchSize = 500;

    protected override async Task<bool> RelayAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var events = await DevicePresence.ReadUntoldAsync(connection, BatchSize, cancellationToken);
        if (events.Count == 0)
            return false;
        await Publisher.PublishAsync(events, cancellationToken);
        await DevicePresence.MarkToldAsync(connection, events, cancellationToken);
        return events.Count == BatchSize;
    }
}
