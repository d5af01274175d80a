using System.Linq.Expressions;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>Stores commands to devices, and shows what became of them. <see cref="CommandDelivery"/> sends them.</summary>
internal sealed class DeviceCommands(IDbContextFactory<TenantDbContext> databases, TimeProvider time)
{
    /// <summary>With the device's id, when there is a command for it.</summary>
    public const string Channel = "iot_commands";

    /// <summary>Of one device.</summary>
    private const int MostWaiting = 100;

    /// <summary>Of one device they wait for each other; the database's connections are for others, too.</summary>
    private const int MostAtOnce = 8;
    private readonly SemaphoreSlim _places = new(MostAtOnce, MostAtOnce);

    /// <param name="deviceId">To which device.</param>
    /// <param name="order">What.</param>
    /// <param name="actor">For the audit log.</param>
    /// <param name="providerId">Of a command of the provider; null: it is an operator's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<DeviceCommandView> SendAsync(string deviceId, CommandOrder order, string actor, Guid? providerId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var command = new DeviceCommand
        {
            DeviceId = deviceId,
            Name = order.Name,
            Payload = order.Payload,
            State = CommandState.Queued,
            CreatedAt = now,
            CreatedBy = actor,
            ExpiresAt = now + order.Lifetime,
            ProviderId = providerId,
        };
        await _places.WaitAsync(cancellationToken);
        try
        {
            await StoreAsync(command, cancellationToken);
            return View(command);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task StoreAsync(DeviceCommand command, CancellationToken cancellationToken)
    {
        var deviceId = command.DeviceId;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // FOR NO KEY UPDATE, which LINQ lacks: one at a time for each device, so that the number holds.
        var device = await db.Devices.FromSql($"SELECT * FROM tenant.devices WHERE device_id = {deviceId} FOR NO KEY UPDATE").AsNoTracking().SingleOrDefaultAsync(cancellationToken)
            ?? throw DeviceRegistry.Unknown();
        if (device.IsRevoked)
        {
            throw new ProblemException(409, "device_revoked", "The device is revoked.");
        }

        if (await db.DeviceCommands.CountAsync(Waiting(deviceId), cancellationToken) >= MostWaiting)
        {
            throw new ProblemException(409, "too_many_commands", $"{MostWaiting} commands wait for this device.");
        }

        db.DeviceCommands.Add(command);
        await db.SaveChangesAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_notify({Channel}, {deviceId})", cancellationToken);
        await db.AppendAuditAsync(CommandAudit.Of(command, CommandState.Queued, command.CreatedBy), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<Page<DeviceCommandView>> ListAsync(string deviceId, long? before, int limit, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var commands = await db.DeviceCommands.AsNoTracking()
            .Where(c => c.DeviceId == deviceId && (before == null || c.Id < before))
            .OrderByDescending(c => c.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return Paging.Cut(commands.ConvertAll(View), limit, c => Text(c.Id));
    }

    public async Task<DeviceCommandView> FindAsync(string deviceId, long id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return View(await FindAsync(db, deviceId, id, cancellationToken));
    }

    /// <summary>A device that has it already may carry it out, but its answer is not taken any more.</summary>
    public async Task CancelAsync(string deviceId, long id, string actor, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            var now = time.GetUtcNow();
            var cancelled = await db.DeviceCommands.Where(Waiting(deviceId)).Where(c => c.Id == id)
                .ExecuteUpdateAsync(c => c.SetProperty(x => x.State, CommandState.Cancelled).SetProperty(x => x.EndedAt, now).SetProperty(x => x.Reason, "cancelled by " + actor), cancellationToken);
            var command = await FindAsync(db, deviceId, id, cancellationToken);
            return cancelled == 1
                ? CommandAudit.Of(command, CommandState.Cancelled, actor)
                : throw new ProblemException(409, "command_ended", $"The command is {SnakeCase.Of(command.State)}.");
        }, cancellationToken);
    }

    /// <summary>Of devices that are revoked, in that transaction.</summary>
    public static Task<int> CancelAllAsync(TenantDbContext db, string[] deviceIds, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.DeviceCommands.Where(c => deviceIds.Contains(c.DeviceId) && (c.State == CommandState.Queued || c.State == CommandState.Delivered))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.State, CommandState.Cancelled).SetProperty(x => x.EndedAt, now).SetProperty(x => x.Reason, "the device was revoked"), cancellationToken);

    /// <summary>Once every other row is locked: the audit log's head is the last.</summary>
    public static Task<int> AuditCancelledAsync(TenantDbContext db, string[] deviceIds, DateTimeOffset now, string actor, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"""
            SELECT audit.append_many(
              array_agg({actor}::text), array_agg({CommandAudit.ActionOf(CommandState.Cancelled)}::text), array_agg(device_id::text ORDER BY id),
              array_agg(json_build_object('command', id, 'name', name)::text ORDER BY id))
            FROM tenant.device_commands WHERE device_id = ANY ({deviceIds}) AND state = 'cancelled' AND ended_at = {now} HAVING count(*) > 0
            """, cancellationToken);

    /// <summary>Not ended, of one device.</summary>
    public static Expression<Func<DeviceCommand, bool>> Waiting(string deviceId) =>
        c => c.DeviceId == deviceId && (c.State == CommandState.Queued || c.State == CommandState.Delivered);

    private static async Task<DeviceCommand> FindAsync(TenantDbContext db, string deviceId, long id, CancellationToken cancellationToken) =>
        await db.DeviceCommands.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && c.DeviceId == deviceId, cancellationToken)
        ?? throw new ProblemException(404, "command_unknown", "This device has no command with this id.");

    private static string Text(long id) => id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static DeviceCommandView View(DeviceCommand command) => new()
    {
        Id = command.Id,
        DeviceId = command.DeviceId,
        Name = command.Name,
        Payload = TelemetryPayload.OfStored(command.Payload),
        State = command.State,
        CreatedAt = command.CreatedAt,
        CreatedBy = command.CreatedBy,
        ExpiresAt = command.ExpiresAt,
        DeliveredAt = command.DeliveredAt,
        EndedAt = command.EndedAt,
        Answer = TelemetryPayload.OfStored(command.Answer),
        Reason = command.Reason,
    };
}
