using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Telemetry;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Commands;

/// <summary>Stores commands to tenants' devices, and shows what became of them. <see cref="TenantCommandDelivery"/> sends them.</summary>
internal sealed class TenantCommands(ProviderDb db, TenantCommandDelivery delivery, TimeProvider time)
{
    /// <summary>Of one device. Of commands that are sent at the same moment a few more may get in.</summary>
    private const int MostWaiting = 100;

    public async Task<TenantCommandView> SendAsync(string tenantId, string deviceId, CommandOrder order, string actor, CancellationToken cancellationToken)
    {
        var tenant = await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) ?? throw TenantIds.NotFound(tenantId);
        if (tenant.Status is not (TenantStatus.Joined or TenantStatus.Active) || tenant.SuspendedAt is not null)
        {
            throw new ProblemException(StatusCodes.Status409Conflict, "tenant_not_active", $"Tenant {tenantId} has not joined, or is suspended.");
        }

        if (await db.TenantCommands.CountAsync(c => c.TenantId == tenantId && c.DeviceId == deviceId && c.EndedAt == null, cancellationToken) >= MostWaiting)
        {
            throw new ProblemException(StatusCodes.Status409Conflict, "too_many_commands", $"{MostWaiting} commands wait for this device.");
        }

        var now = time.GetUtcNow();
        var command = new TenantCommandRow
        {
            Id = Guid.CreateVersion7(now),
            TenantId = tenantId,
            DeviceId = deviceId,
            Name = order.Name,
            Payload = order.Payload,
            State = CommandState.Queued,
            CreatedAt = now,
            CreatedBy = actor,
            ExpiresAt = now + order.Lifetime,
            NextTryAt = now,
        };
        await db.RunAuditedAsync(async () =>
        {
            db.TenantCommands.Add(command);
            await db.SaveChangesAsync(cancellationToken);
            return new AuditEntry(actor, "tenant.command_sent", tenantId, AuditDetails.Of(("device", deviceId), ("command", command.Id.ToString()), ("name", command.Name)));
        }, cancellationToken);
        delivery.Wake();
        return View(command);
    }

    /// <summary>Newest first.</summary>
    public async Task<Page<TenantCommandView>> ListAsync(string tenantId, string deviceId, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var commands = await db.TenantCommands.AsNoTracking()
            .Where(c => c.TenantId == tenantId && c.DeviceId == deviceId && (before == null || c.Id < before))
            .OrderByDescending(c => c.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return Paging.Cut(commands.ConvertAll(View), limit, c => c.Id.ToString());
    }

    public async Task<TenantCommandView> FindAsync(string tenantId, string deviceId, Guid id, CancellationToken cancellationToken) =>
        View(await db.TenantCommands.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && c.TenantId == tenantId && c.DeviceId == deviceId, cancellationToken)
            ?? throw new ProblemException(StatusCodes.Status404NotFound, "command_unknown", "This device has no command with this id."));

    private static TenantCommandView View(TenantCommandRow command) => new()
    {
        Id = command.Id,
        TenantId = command.TenantId,
        DeviceId = command.DeviceId,
        Name = command.Name,
        Payload = TelemetryPayload.OfStored(command.Payload),
        State = command.State,
        CreatedAt = command.CreatedAt,
        CreatedBy = command.CreatedBy,
        ExpiresAt = command.ExpiresAt,
        TakenAt = command.TakenAt,
        DeliveredAt = command.DeliveredAt,
        EndedAt = command.EndedAt,
        Answer = TelemetryPayload.OfStored(command.Answer),
        Reason = command.Reason,
    };
}
