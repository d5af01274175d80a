using IoTPlatform.Contracts.Devices;
using IoTPlatform.Database;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>Commands that their devices have not acknowledged.</summary>
internal sealed class QueuedCommands(IDbContextFactory<TenantDbContext> databases, TimeProvider time)
{
    /// <summary>Of one device.</summary>
    private const int AtOnce = 16;

    /// <summary>At once.</summary>
    public const int MostDevices = 1_000;

    /// <summary>The first of each device, in the order in which they were sent.</summary>
    public async Task<IReadOnlyList<QueuedCommand>> ReadAsync(string[] deviceIds, CancellationToken cancellationToken)
    {
        if (deviceIds.Length == 0)
        {
            return [];
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var commands = await db.Devices.Where(d => deviceIds.Contains(d.DeviceId))
            .SelectMany(d => db.DeviceCommands.Where(c => c.DeviceId == d.DeviceId && c.State == CommandState.Queued && c.ExpiresAt > now).OrderBy(c => c.Id).Take(AtOnce))
            .AsNoTracking().ToListAsync(cancellationToken);
        return
        [
            .. commands.GroupBy(c => c.DeviceId).SelectMany(ofDevice => ofDevice.OrderBy(c => c.Id).Select((c, index) =>
                new QueuedCommand(c.Id, c.DeviceId, c.Name, c.Payload, c.ExpiresAt, MayHaveMore: index == AtOnce - 1))),
        ];
    }

    /// <summary>Which of these devices have such commands.</summary>
    /// <param name="among">No more than <see cref="MostDevices"/>.</param>
    /// <param name="online">Only those that are connected, as far as that is known.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string[]> WaitingAsync(string[] among, bool online, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await DevicesWith(db, online).Where(id => among.Contains(id)).Distinct().ToArrayAsync(cancellationToken);
    }

    /// <summary>Which devices have such commands, in order: the first of them, <see cref="MostDevices"/> at most.</summary>
    /// <param name="after">This id.</param>
    /// <param name="online">Only those that are connected, as far as that is known.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string[]> WaitingAsync(string after, bool online, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await DevicesWith(db, online).Where(id => string.Compare(id, after) > 0).Distinct().Order().Take(MostDevices).ToArrayAsync(cancellationToken);
    }

    /// <summary>Not over what is known by now: it may be answered. Waits for no disk: a crash that forgets it has the command sent again.</summary>
    public async Task DeliveredAsync(QueuedCommand command, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            UPDATE tenant.device_commands SET state = 'delivered', delivered_at = {now}
            WHERE id = {command.Id} AND state = 'queued' AND set_config('synchronous_commit', 'off', true) = 'off'
            """, cancellationToken);
    }

    public async Task RefusedAsync(QueuedCommand command, string reason, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            var refused = await db.DeviceCommands.Where(c => c.Id == command.Id && c.State == CommandState.Queued)
                .ExecuteUpdateAsync(c => c.SetProperty(x => x.State, CommandState.Refused).SetProperty(x => x.EndedAt, now).SetProperty(x => x.Reason, reason), cancellationToken);
            return refused == 1
                ? CommandAudit.Of(await db.DeviceCommands.AsNoTracking().SingleAsync(c => c.Id == command.Id, cancellationToken), CommandState.Refused, $"device:{command.DeviceId}")
                : null;
        }, cancellationToken);
    }

    private IQueryable<string> DevicesWith(TenantDbContext db, bool online)
    {
        var now = time.GetUtcNow();
        return db.DeviceCommands.Where(c => c.State == CommandState.Queued && c.ExpiresAt > now)
            .Where(c => !online || db.DeviceConnections.Any(p => p.DeviceId == c.DeviceId && p.Online)).Select(c => c.DeviceId);
    }
}

/// <param name="Id">Known to the device, too.</param>
/// <param name="DeviceId">Whose it is.</param>
/// <param name="Name">What it is to do.</param>
/// <param name="Payload">JSON; null: none.</param>
/// <param name="ExpiresAt">Not sent after that.</param>
/// <param name="MayHaveMore">Of this device no more were read at once.</param>
internal sealed record QueuedCommand(long Id, string DeviceId, string Name, string? Payload, DateTimeOffset ExpiresAt, bool MayHaveMore);
