using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Publishes which devices came and went. What can't be published now is published later, as it is then.</summary>
internal sealed class PresenceRelay(NpgsqlDataSource database, IEventPublisher publisher, TimeProvider time, ILogger<PresenceRelay> log)
    : Relay(database, Lock, publisher, time, log)
{
    /// <summary>"iot-told" in ASCII.</summary>
    private const long Lock = 0x696f742d746f6c64;

    private const int BatchSize = 500;

    protected override async Task<RelayProgress> RelayAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var events = await DevicePresence.ReadUnpublishedAsync(connection, BatchSize, cancellationToken);
        if (events.Count == 0)
            return RelayProgress.CaughtUp;
        // Asked after they are read: who subscribes later subscribes to later changes.
        var subscribed = await Publisher.SubscribedTypesAsync(cancellationToken);
        DeviceEvent[] sent = [.. events.Where(e => subscribed.Contains(e.Type))];
        if (sent.Length > 0)
            await Publisher.PublishAsync(sent, cancellationToken);
        await DevicePresence.MarkPublishedAsync(connection, events, cancellationToken);
        return events.Count == BatchSize ? RelayProgress.Behind : sent.Length == 0 ? RelayProgress.Unsubscribed : RelayProgress.CaughtUp;
    }
}
