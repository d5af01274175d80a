using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Which devices are connected to this tenant's broker: one row for each that ever was. It holds the event to be published, too.</summary>
internal sealed class DevicePresence(IDbContextFactory<TenantDbContext> databases, TimeProvider time)
{
    private const string By = "system";
    private const int AtOnce = 5_000;

    /// <summary>These are connected and no others; ids that no device has are left out. Returns how many devices that changed.</summary>
    public async Task<int> ReconcileAsync(IReadOnlySet<string> connected, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await ReconcileAsync(db, connected, owner: null, cancellationToken);
    }

    /// <summary>These are connected to this process, and no others to it or to processes that are gone.</summary>
    /// <param name="db">Over the owner's lock.</param>
    /// <param name="connected">To this process.</param>
    /// <param name="owner">Its number; null: there is no process but the one that knows all connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<int> ReconcileAsync(TenantDbContext db, IReadOnlySet<string> connected, int? owner, CancellationToken cancellationToken)
    {
        var (ids, now) = (connected.ToArray(), time.GetUtcNow());
        var changed = 0;
        int some;
        do
        {
            // Some at a time: a whole fleet that comes or goes would take longer than a statement may, and again at the next try.
            some = await ReconcileSomeAsync(db, ids, now, owner, cancellationToken);
            changed += some;
        }
        while (some == AtOnce);

        return changed;
    }

    private static Task<int> ReconcileSomeAsync(TenantDbContext db, string[] ids, DateTimeOffset now, int? owner, CancellationToken cancellationToken) =>
        // One statement of SQL: a set takes the place of another. Those of several writers with the same news change nothing after the first.
        db.Database.ExecuteSqlAsync($"""
            WITH connected AS (
              SELECT device_id FROM tenant.devices JOIN unnest({ids}::text[]) AS c (device_id) USING (device_id)
            ), others AS (
              SELECT objid::int AS owner FROM pg_locks
              WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND classid::bigint = {PresenceOwner.LockClass} AND objsubid = 1 AND granted AND objid::int <> {owner}::integer
            ), taken_over AS (
              UPDATE tenant.device_presence AS p SET owner = {owner}::integer FROM connected AS c
              WHERE p.device_id = c.device_id AND p.online AND p.owner IS DISTINCT FROM {owner}::integer
            ), differing AS (
              SELECT device_id, c.device_id IS NOT NULL AS online
              FROM connected AS c FULL JOIN tenant.device_presence AS p USING (device_id)
              WHERE coalesce(p.online, false) <> (c.device_id IS NOT NULL) AND (c.device_id IS NOT NULL OR p.owner IS NULL OR p.owner NOT IN (SELECT owner FROM others))
              ORDER BY device_id LIMIT {AtOnce}
            )
            INSERT INTO tenant.device_presence AS p (device_id, online, since, event_id, sequence, told, owner)
            SELECT device_id, online, {now}, gen_random_uuid(), nextval('tenant.presence_sequence'), false, {owner}::integer FROM differing
            ON CONFLICT (device_id) DO UPDATE
              SET online = excluded.online, since = excluded.since, event_id = excluded.event_id, sequence = excluded.sequence, told = false, owner = excluded.owner
              WHERE p.online <> excluded.online
            """, cancellationToken);

    /// <summary>What is not published yet, in the order in which it happened.</summary>
    public static async Task<IReadOnlyList<DeviceEvent>> ReadUnpublishedAsync(TenantDbContext db, int limit, CancellationToken cancellationToken)
    {
        var changes = await db.DeviceConnections.AsNoTracking().Where(c => !c.Told).OrderBy(c => c.Sequence).Take(limit).ToListAsync(cancellationToken);
        return
        [
            .. changes.Select(DeviceEvent (c) => c.Online
                ? new DeviceOnline { Id = c.EventId, OccurredAt = c.Since, Sequence = c.Sequence, By = By, DeviceId = c.DeviceId }
                : new DeviceOffline { Id = c.EventId, OccurredAt = c.Since, Sequence = c.Sequence, By = By, DeviceId = c.DeviceId }),
        ];
    }

    /// <summary>Only those events: what changed since they were read is still to be published, and has another id.</summary>
    public static async Task MarkPublishedAsync(TenantDbContext db, IReadOnlyList<DeviceEvent> events, CancellationToken cancellationToken)
    {
        string[] devices = [.. events.Select(e => e.DeviceId)];
        Guid[] ids = [.. events.Select(e => e.Id)];
        await db.DeviceConnections.Where(c => devices.Contains(c.DeviceId) && ids.Contains(c.EventId)).ExecuteUpdateAsync(s => s.SetProperty(c => c.Told, true), cancellationToken);
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
        // Over the lock's connection: a relay that lost it marks nothing.
        await using var db = DataServices.Create(connection);
        var events = await DevicePresence.ReadUnpublishedAsync(db, BatchSize, cancellationToken);
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

        await DevicePresence.MarkPublishedAsync(db, events, cancellationToken);
        return events.Count == BatchSize ? RelayProgress.Behind : sent.Length == 0 ? RelayProgress.Unsubscribed : RelayProgress.CaughtUp;
    }
}
