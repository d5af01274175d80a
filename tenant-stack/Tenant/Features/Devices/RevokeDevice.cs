using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Ends a device: certificates, keys, tunnel and tokens made for it, in one transaction. Idempotent.</summary>
internal sealed class RevokeDevice(IDbContextFactory<TenantDbContext> databases, WireGuardPeersFile peers, DeviceCertificateRevocation revocation, TimeProvider time) : IGuarded
{
    public static string Policy => Policies.Operator;

    public async Task RunAsync(string deviceId, RevokeRequest request, string actor, CancellationToken cancellationToken)
    {
        DevicePath.Check(deviceId);
        var reason = OptionalText.Check(request.Reason, "reason", 256);
        if (!RevocationReasons.TryParse(request.ReasonCode, out var reasonCode) || reasonCode is RevocationReason.CertificateHold or RevocationReason.RemoveFromCrl)
        {
            throw new ProblemException(400, "invalid_reason_code", "reason_code is 0 to 10 without 6, 7 and 8 (RFC 5280 section 5.3.1): a device is put on hold, and released, by calls of their own.");
        }

        if (await RevokeAsync(deviceId, reasonCode, reason, actor, cancellationToken))
        {
            peers.Changed();
        }
    }

    private async Task<bool> RevokeAsync(string deviceId, RevocationReason reasonCode, string? reason, string actor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Tokens before the device: the lock order of an enrolment.
        await db.EnrollmentTokens.Where(t => t.DeviceId == deviceId && t.RevokedAt == null)
            .ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now).SetProperty(x => x.RevokedBy, actor), cancellationToken);
        // FOR UPDATE, which LINQ lacks.
        var device = await db.Devices.FromSql($"SELECT * FROM tenant.devices WHERE device_id = {deviceId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken)
            ?? throw DeviceRegistry.Unknown();
        if (device.IsRevoked)
        {
            await transaction.CommitAsync(cancellationToken);
            return false;
        }

        await EndAsync(db, [deviceId], now, actor, reason, cancellationToken);
        var certificates = await revocation.RevokeAsync(db, deviceId, reasonCode, reason, actor, cancellationToken);
        await DeviceCommands.AuditCancelledAsync(db, [deviceId], now, actor, cancellationToken);
        var details = AuditDetails.Of(("reason_code", (int)reasonCode), ("reason", reason), ("certificates", certificates));
        await db.AppendAuditAsync(new AuditEntry(actor, "device.revoked", deviceId, details), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>All that a device has here but its certificates, in the transaction that has locked the devices' rows.</summary>
    public static async Task EndAsync(TenantDbContext db, string[] deviceIds, DateTimeOffset now, string actor, string? reason, CancellationToken cancellationToken)
    {
        await db.Devices.Where(d => deviceIds.Contains(d.DeviceId)).ExecuteUpdateAsync(
            d => d.SetProperty(x => x.Status, DeviceState.Revoked).SetProperty(x => x.RevokedAt, now).SetProperty(x => x.RevokedBy, actor).SetProperty(x => x.RevocationReason, reason), cancellationToken);
        await DeviceKeys.RetireAllAsync(db, deviceIds, now, cancellationToken);
        await DeviceCommands.CancelAllAsync(db, deviceIds, now, cancellationToken);
        await WireGuardAddresses.ReleaseAsync(db, deviceIds, now, cancellationToken);
    }
}
