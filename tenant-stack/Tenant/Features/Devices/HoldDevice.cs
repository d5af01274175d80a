using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Shuts a device out until it is released: its certificates are on hold (RFC 5280 5.3.1), its keys, address and commands wait. Idempotent.</summary>
internal sealed class HoldDevice(IDbContextFactory<TenantDbContext> databases, WireGuardPeersFile peers, DeviceCertificateRevocation revocation, TimeProvider time) : IGuarded
{
    public static string Policy => Policies.Operator;

    public async Task HoldAsync(string deviceId, string? reason, string actor, CancellationToken cancellationToken)
    {
        reason = OptionalText.Check(reason, "reason", 256);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var device = await FindAsync(db, deviceId, cancellationToken);
        if (device.IsRevoked)
        {
            throw new ProblemException(409, "device_revoked", "This device is revoked, which is more than a hold.");
        }

        if (device.IsHeld)
        {
            return;
        }

        device.Status = DeviceState.Held;
        device.RevokedAt = time.GetUtcNow();
        device.RevokedBy = actor;
        device.RevocationReason = reason;
        await db.SaveChangesAsync(cancellationToken);
        var certificates = await revocation.HoldAsync(db, deviceId, reason, actor, cancellationToken);
        await db.AppendAuditAsync(new AuditEntry(actor, "device.held", deviceId, AuditDetails.Of(("reason", reason), ("certificates", certificates))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        peers.Changed();
    }

    public async Task ReleaseAsync(string deviceId, string? reason, string actor, CancellationToken cancellationToken)
    {
        reason = OptionalText.Check(reason, "reason", 256);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var device = await FindAsync(db, deviceId, cancellationToken);
        if (!device.IsHeld)
        {
            throw new ProblemException(409, "not_on_hold", "This device is not on hold: it is enrolled, or revoked for good.");
        }

        device.Status = DeviceState.Enrolled;
        (device.RevokedAt, device.RevokedBy, device.RevocationReason) = (null, null, null);
        await db.SaveChangesAsync(cancellationToken);
        await revocation.ReleaseAsync(db, deviceId, reason, actor, cancellationToken);
        await db.AppendAuditAsync(new AuditEntry(actor, "device.released", deviceId, AuditDetails.Of(("reason", reason))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        peers.Changed();
    }

    // FOR UPDATE, which LINQ lacks.
    private static async Task<Device> FindAsync(TenantDbContext db, string deviceId, CancellationToken cancellationToken) =>
        await db.Devices.FromSql($"SELECT * FROM tenant.devices WHERE device_id = {DevicePath.Check(deviceId)} FOR UPDATE").SingleOrDefaultAsync(cancellationToken)
        ?? throw DeviceRegistry.Unknown();
}
