using System.Linq.Expressions;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Emergencies;

/// <summary>Ends many devices as <see cref="RevokeDevice"/> ends one, all in one transaction. Idempotent.</summary>
internal sealed class RevokeDevices(IDbContextFactory<TenantDbContext> databases, WireGuardPeersFile peers, Authority authority, TimeProvider time)
{
    /// <param name="which">The devices; those that are revoked already are left out.</param>
    /// <param name="token">An enrolment token that ends with them; null: none.</param>
    /// <param name="action">Of the audit entry for all of them.</param>
    /// <param name="order">Its target is the entry's subject.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(Expression<Func<Device, bool>> which, Guid? token, string action, EmergencyOrder order, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Tokens before devices, the lock order of an enrolment: with this one none is enrolled in between.
        await LockTokensAsync(db, token, await Remaining(db, which).Select(d => d.DeviceId).ToArrayAsync(cancellationToken), cancellationToken);
        await RevokeTokenAsync(db, token, order, now, cancellationToken);
        var ids = await Remaining(db, which).Select(d => d.DeviceId).ToArrayAsync(cancellationToken);
        await db.EnrollmentTokens.Where(t => ids.Contains(t.DeviceId) && t.RevokedAt == null)
            .ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now).SetProperty(x => x.RevokedBy, order.By), cancellationToken);
        ids = await LockAsync(db, which, cancellationToken);
        if (ids.Length == 0)
        {
            await transaction.CommitAsync(cancellationToken);
            return;
        }

        await RevokeDevice.EndAsync(db, ids, now, order.By, order.Reason, cancellationToken);
        await authority.RevokeSubjectsAsync(
            new SubjectsRevocation
            {
                Profile = Profiles.Device,
                Subjects = ids,
                ReasonCode = order.ReasonCode ?? RevocationReason.KeyCompromise,
                Reason = order.Reason,
                By = order.By,
                Action = action,
                Target = order.Target,
            },
            db.Connection(),
            cancellationToken);
        await DeviceCommands.AuditCancelledAsync(db, ids, now, order.By, cancellationToken);
        await AuditAsync(db, ids, order, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        peers.Changed();
    }

    private static IQueryable<Device> Remaining(TenantDbContext db, Expression<Func<Device, bool>> which) =>
        db.Devices.AsNoTracking().Where(which).Where(d => d.Status != DeviceState.Revoked).OrderBy(d => d.DeviceId);

    /// <summary>Those that are chosen when their rows are locked, which may be more than were read before.</summary>
    private static async Task<string[]> LockAsync(TenantDbContext db, Expression<Func<Device, bool>> which, CancellationToken cancellationToken)
    {
        var chosen = await Remaining(db, which).Select(d => d.DeviceId).ToArrayAsync(cancellationToken);
        // FOR UPDATE, which LINQ lacks; in order, as every other who locks many.
        return await db.Database.SqlQuery<string>(
            $"SELECT device_id AS \"Value\" FROM tenant.devices WHERE device_id = ANY ({chosen}) AND status <> 'revoked' ORDER BY device_id FOR UPDATE").ToArrayAsync(cancellationToken);
    }

    /// <summary>In order, as every other who locks many.</summary>
    private static Task LockTokensAsync(TenantDbContext db, Guid? token, string[] devices, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync(
        $"SELECT FROM tenant.enrollment_tokens WHERE (id = {token} OR device_id = ANY ({devices})) AND revoked_at IS NULL ORDER BY id FOR UPDATE", cancellationToken);

    private static async Task RevokeTokenAsync(TenantDbContext db, Guid? token, EmergencyOrder order, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (token is { } id)
        {
            await db.EnrollmentTokens.Where(t => t.Id == id && t.RevokedAt == null)
                .ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now).SetProperty(x => x.RevokedBy, order.By), cancellationToken);
        }
    }

    private static Task AuditAsync(TenantDbContext db, string[] ids, EmergencyOrder order, CancellationToken cancellationToken)
    {
        var details = AuditDetails.Of(("reason_code", (int)(order.ReasonCode ?? RevocationReason.KeyCompromise)), ("reason", order.Reason), (order.Kind, order.Target));
        return db.Database.ExecuteSqlAsync(
            $"SELECT audit.append_many(array_agg({order.By}::text), array_agg('device.revoked'::text), array_agg(d ORDER BY d), array_agg({details}::text)) FROM unnest({ids}) d", cancellationToken);
    }
}
