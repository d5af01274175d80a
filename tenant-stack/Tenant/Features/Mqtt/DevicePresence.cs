using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Which devices are connected to this tenant's broker: one row for each that ever was. It holds the event to be published, too.</summary>
internal sealed class DevicePresence(NpgsqlDataSource database, TimeProvider time)
{
    private const string By = "system";

    /// <summary>Those of several writers with the same news change nothing after the first.</summary>
    private const string Change = """
        WITH connected AS (
          SELECT device_id FROM tenant.devices JOIN unnest($1::text[]) AS c (device_id) USING (device_id)
        ), differing AS (
          SELECT device_id, c.device_id IS NOT NULL AS online
          FROM connected AS c FULL JOIN tenant.device_presence AS p USING (device_id)
          WHERE coalesce(p.online, false) <> (c.device_id IS NOT NULL)
          ORDER BY device_id
        )
        INSERT INTO tenant.device_presence AS p (device_id, online, since, event_id, sequence, told)
        SELECT device_id, online, $2, gen_random_uuid(), nextval('tenant.presence_sequence'), false FROM differing
        ON CONFLICT (device_id) DO UPDATE
          SET online = excluded.online, since = excluded.since, event_id = excluded.event_id, sequence = excluded.sequence, told = false
          WHERE p.online <> excluded.online
        """;

    /// <summary>These are connected and no others; ids that no device has are left out. Returns how many devices that changed.</summary>
    public async Task<int> ReconcileAsync(IReadOnlySet<string> connected, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Change);
        command.Parameters.AddWithValue(connected.ToArray());
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What is not published yet, in the order in which it happened.</summary>
    public static async Task<IReadOnlyList<DeviceEvent>> ReadUnpublishedAsync(NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT device_id, online, since, event_id, sequence FROM tenant.device_presence WHERE NOT told ORDER BY sequence LIMIT $1", connection)
        {
            Parameters = { new() { Value = limit } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<DeviceEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (device, since, id, sequence) = (reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(2), reader.GetGuid(3), reader.GetInt64(4));
            events.Add(reader.GetBoolean(1)
                ? new DeviceOnline { Id = id, OccurredAt = since, Sequence = sequence, By = By, DeviceId = device }
                : new DeviceOffline { Id = id, OccurredAt = since, Sequence = sequence, By = By, DeviceId = device });
        }

        return events;
    }

    /// <summary>Only those events: what changed since they were read is still to be published.</summary>
    public static async Task MarkPublishedAsync(NpgsqlConnection connection, IReadOnlyList<DeviceEvent> events, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "UPDATE tenant.device_presence AS p SET told = true FROM unnest($1::text[], $2::uuid[]) AS sent (device_id, event_id) WHERE p.device_id = sent.device_id AND p.event_id = sent.event_id", connection)
        {
            Parameters = { new() { Value = events.Select(e => e.DeviceId).ToArray() }, new() { Value = events.Select(e => e.Id).ToArray() } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

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
        {
            return RelayProgress.CaughtUp;
        }
        // Asked after they are read: who subscribes later subscribes to later changes.
        var subscribed = await Publisher.SubscribedTypesAsync(cancellationToken);
        DeviceEvent[] sent = [.. events.Where(e => subscribed.Contains(e.Type))];
        if (sent.Length > 0)
        {
            await Publisher.PublishAsync(sent, cancellationToken);
        }

        await DevicePresence.MarkPublishedAsync(connection, events, cancellationToken);
        return events.Count == BatchSize ? RelayProgress.Behind : sent.Length == 0 ? RelayProgress.Unsubscribed : RelayProgress.CaughtUp;
    }
}
