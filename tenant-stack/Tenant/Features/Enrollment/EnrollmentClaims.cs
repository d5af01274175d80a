using System.Net;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>
/// The first half of an enrolment, one transaction: use of the token, device, key, WireGuard address, audit entry. The
/// certificate follows under an idempotency key, so the device's retry recovers from a crash between the halves.
/// Locks are taken in the order token, device, key, address pool, CA and audit log, everywhere.
/// </summary>
internal sealed class EnrollmentClaims(
    IDbContextFactory<TenantDbContext> databases, EnrollmentGrants grants, WireGuardAddresses addresses, DeviceCertificateRevocation revocation, TimeProvider time)
{
    public async Task<EnrollmentClaim> ClaimAsync(EnrollmentOrder order, EnrollmentCredential credential, CancellationToken cancellationToken)
    {
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var grant = await grants.UseAsync(db, order, credential, cancellationToken);
            await revocation.RequireKeyAsync(db, order.KeySha256, cancellationToken);
            var claim = await RegisterAsync(db, order, grant, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return claim;
        }
        catch (PostgresException e) when (e.ConstraintName == "wireguard_peers_public_key")
        {
            throw new ProblemException(409, "wireguard_key_in_use", "Another device has this WireGuard key.", inner: e);
        }
    }

    /// <summary>The second half: what the certificate made true. False when the device was revoked meanwhile.</summary>
    public async Task<bool> CompleteAsync(EnrollmentClaim claim, byte[] serial, DateTimeOffset notAfter, DateTimeOffset renewAfter, CancellationToken cancellationToken)
    {
        var order = claim.Order;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var updated = await db.Devices.Where(d => d.DeviceId == order.DeviceId && d.Status == DeviceState.Enrolled)
            .ExecuteUpdateAsync(d => d
                // A late retry of an enrolment must not hide a renewal that came after it.
                .SetProperty(x => x.CertificateSerial, x => x.NotAfter > notAfter ? x.CertificateSerial : serial)
                .SetProperty(x => x.NotAfter, x => x.NotAfter > notAfter ? x.NotAfter : notAfter), cancellationToken);
        await db.Enrollments
            .Where(e => e.AuthorizationId == claim.AuthorizationId && e.DeviceId == order.DeviceId && e.KeySha256 == order.KeySha256 && e.Issuance == claim.Issuance)
            .ExecuteUpdateAsync(e => e.SetProperty(x => x.RenewAfter, renewAfter), cancellationToken);
        return updated == 1;
    }

    private async Task<EnrollmentClaim> RegisterAsync(TenantDbContext db, EnrollmentOrder order, EnrollmentGrant grant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        // SQL: of two enrolments of a new id one inserts the row, the other waits for its lock.
        var isNew = await db.Database.ExecuteSqlAsync($"""
            INSERT INTO tenant.devices (device_id, device_name, device_type, status, enrolled_at, enrolled_by)
            VALUES ({order.DeviceId}, {order.DeviceName}, {order.DeviceType}, {DeviceState.Enrolled}, {now}, {grant.AuthorizationId})
            ON CONFLICT DO NOTHING
            """, cancellationToken) == 1;
        var device = await db.Devices.FromSql($"SELECT * FROM tenant.devices WHERE device_id = {order.DeviceId} FOR UPDATE").SingleAsync(cancellationToken);
        if (device.IsHeld)
        {
            throw DeviceRegistry.OnHold();
        }

        await ManufacturerBindings.RequireAsync(db, device, isNew, grant, now, cancellationToken);
        var isNewKey = await DeviceKeys.ClaimAsync(db, order.DeviceId, order.KeySha256, now, cancellationToken);
        var replaces = !isNew && isNewKey;
        if (replaces)
        {
            await ReplaceAsync(db, device, order, grant, now, cancellationToken);
        }

        var issuance = await RecordAsync(db, order, grant, now, cancellationToken);
        var address = await AssignAddressAsync(db, order, replaces, now, cancellationToken);
        if (replaces)
        {
            await revocation.SupersedeAsync(db, device.DeviceId, grant.AuthorizationId, cancellationToken);
        }

        if (isNew || replaces)
        {
            await db.AppendAuditAsync(new AuditEntry(grant.AuthorizationId, isNew ? "device.enrolled" : "device.re_enrolled", order.DeviceId, Details(order, address)), cancellationToken);
        }

        return new EnrollmentClaim
        {
            Order = order,
            AuthorizationId = grant.AuthorizationId,
            Issuance = issuance,
            WireGuardAddress = address,
            IsRetry = !isNew && !replaces,
            Replaces = replaces,
        };
    }

    // A device that comes back with another key: only an authorisation made for exactly this device can say that it is the same.
    private static async Task ReplaceAsync(TenantDbContext db, Device device, EnrollmentOrder order, EnrollmentGrant grant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (device.IsRevoked && !(grant.ReinstatesIfRevokedBefore > device.RevokedAt))
        {
            throw new ProblemException(403, "device_revoked", "This device is revoked. An admin can let it in again with a new enrolment token for its id.");
        }

        if (!device.IsRevoked && !grant.IsBoundToDevice)
        {
            throw new ProblemException(409, "device_exists", "A device with this id is enrolled with another key. A new key needs an enrolment token for exactly this id.");
        }

        device.Status = DeviceState.Enrolled;
        device.EnrolledAt = now;
        device.EnrolledBy = grant.AuthorizationId;
        device.DeviceName = order.DeviceName ?? device.DeviceName;
        device.DeviceType = order.DeviceType ?? device.DeviceType;
        device.CertificateSerial = null;
        device.NotAfter = null;
        device.RevokedAt = null;
        device.RevokedBy = null;
        device.RevocationReason = null;
        await db.SaveChangesAsync(cancellationToken);
        if (grant.Manufacturer is null)
        {
            await ManufacturerBindings.ReleaseAsync(db, device.DeviceId, cancellationToken);
        }

        await DeviceKeys.RetireOthersAsync(db, device.DeviceId, order.KeySha256, now, cancellationToken);
    }

    private async Task<IPAddress?> AssignAddressAsync(TenantDbContext db, EnrollmentOrder order, bool replaces, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (order.WireGuardKey is { } key)
        {
            return await addresses.AssignAsync(db, order.DeviceId, key, now, cancellationToken);
        }
        // The new holder of the id did not ask for a tunnel; the old one must not keep it.
        if (replaces)
        {
            await WireGuardAddresses.ReleaseAsync(db, order.DeviceId, now, cancellationToken);
        }

        return await WireGuardAddresses.FindAsync(db, order.DeviceId, cancellationToken);
    }

    // The device's row is locked: no other transaction records an enrolment of it.
    private static async Task<int> RecordAsync(TenantDbContext db, EnrollmentOrder order, EnrollmentGrant grant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var enrollment = await db.Enrollments.FindAsync([grant.AuthorizationId, order.DeviceId, order.KeySha256], cancellationToken)
            ?? db.Enrollments.Add(new Data.Enrollment { AuthorizationId = grant.AuthorizationId, DeviceId = order.DeviceId, KeySha256 = order.KeySha256, EnrolledAt = now }).Entity;
        if (enrollment.RenewAfter <= now)
        {
            enrollment.Issuance++;
            enrollment.RenewAfter = null;
        }

        await db.SaveChangesAsync(cancellationToken);
        return enrollment.Issuance;
    }

    private static string Details(EnrollmentOrder order, IPAddress? address) =>
        AuditDetails.Of(("key_sha256", Convert.ToHexStringLower(order.KeySha256)), ("wireguard_address", address?.ToString()));
}

/// <summary>A committed enrolment that is owed a certificate.</summary>
internal sealed record EnrollmentClaim
{
    public required EnrollmentOrder Order { get; init; }
    public required string AuthorizationId { get; init; }

    /// <summary>Which certificate of this enrolment; a retry in time has the same number and gets the same certificate.</summary>
    public required int Issuance { get; init; }
    public IPAddress? WireGuardAddress { get; init; }

    /// <summary>The device was enrolled with this key before.</summary>
    public required bool IsRetry { get; init; }

    /// <summary>The device came back with another key; the old one's certificates are revoked.</summary>
    public required bool Replaces { get; init; }

    /// <summary>At most 200 characters: 7 + 64 + 1 + 77 (longest authorisation) + 1 + 32 + 1 + digits.</summary>
    public string IdempotencyKey =>
        $"enroll/{Order.DeviceId}/{AuthorizationId}/{Convert.ToHexStringLower(Order.KeySha256.AsSpan(0, 16))}/{Issuance}";
}
