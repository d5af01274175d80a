using System.Net;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>The only renewal of device certificates, with the same or a new key, whichever endpoint is asked.</summary>
internal sealed class RenewDevice(
    IDbContextFactory<TenantDbContext> databases, DeviceCertificates certificates, DeviceAnswer answers, TimeProvider time) : IProfileRenewal
{
    public string Profile => Profiles.Device.Name;

    public async Task<EnrollResponse> RunAsync(string deviceId, RenewRequest? request, KnownCertificate current, CancellationToken cancellationToken)
    {
        DevicePath.Check(deviceId);
        return await RunAsync(deviceId, request?.Csr is { } pem ? DeviceCsr.Parse(pem, deviceId, certificates.SpiffeIdOf(deviceId)) : null, current, cancellationToken);
    }

    /// <param name="deviceId">Of whom the request comes.</param>
    /// <param name="csr">Names no other device; null keeps the key.</param>
    /// <param name="current">What is renewed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<EnrollResponse> RunAsync(string deviceId, CertificateSigningRequest? csr, KnownCertificate current, CancellationToken cancellationToken)
    {
        if (current.Record.Subject != deviceId)
        {
            throw new ProblemException(403, "wrong_device", "The client certificate belongs to another device than the URL.");
        }

        var (certificate, address) = await RunAsync(deviceId, new OwnedRenewal { Current = current, Csr = csr }, cancellationToken);
        return answers.Create(deviceId, certificate, address);
    }

    public async Task<IssuedCertificate> RenewAsync(OwnedRenewal renewal, CancellationToken cancellationToken)
    {
        var deviceId = renewal.Record.Subject;
        if (renewal.Csr is { } csr)
        {
            DeviceCsr.Require(csr, deviceId, certificates.SpiffeIdOf(deviceId));
        }

        return (await RunAsync(deviceId, renewal, cancellationToken)).Certificate;
    }

    private async Task<(IssuedCertificate Certificate, IPAddress? Address)> RunAsync(string deviceId, OwnedRenewal renewal, CancellationToken cancellationToken)
    {
        certificates.ThrowIfRefusing();
        var address = await AdmitAsync(deviceId, renewal, cancellationToken);
        var certificate = await certificates.RenewAsync(deviceId, renewal, cancellationToken);
        await RecordAsync(deviceId, renewal.Record, certificate, cancellationToken);
        return (certificate, address);
    }

    // The old key is not retired: a device that dies before it has stored the answer must be able to ask again with it.
    private async Task<IPAddress?> AdmitAsync(string deviceId, OwnedRenewal renewal, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // FOR SHARE, which LINQ lacks: no revocation in between.
        var device = await db.Devices.FromSql($"SELECT * FROM tenant.devices WHERE device_id = {deviceId} FOR SHARE").AsNoTracking().SingleOrDefaultAsync(cancellationToken)
            ?? throw Unknown();
        if (device.IsRevoked)
        {
            throw Revoked();
        }

        if (device.IsHeld)
        {
            throw DeviceRegistry.OnHold();
        }

        // Of a certificate that had ended before its key was given up, nobody has revoked anything.
        await DeviceKeys.RequireInUseAsync(db, renewal.Current.PublicKeySha256, cancellationToken);
        if (renewal.Csr is { } csr)
        {
            await DeviceKeys.ClaimAsync(db, deviceId, csr.SubjectPublicKeyInfoSha256, time.GetUtcNow(), cancellationToken);
        }

        var address = await WireGuardAddresses.FindAsync(db, deviceId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return address;
    }

    private async Task RecordAsync(string deviceId, CertificateRecord current, IssuedCertificate certificate, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var updated = await db.Devices.Where(d => d.DeviceId == deviceId && d.Status == DeviceState.Enrolled)
            .ExecuteUpdateAsync(d => d.SetProperty(x => x.CertificateSerial, certificate.SerialNumber).SetProperty(x => x.NotAfter, certificate.NotAfter), cancellationToken);
        if (updated == 0)
        {
            throw await db.Devices.AnyAsync(d => d.DeviceId == deviceId && d.Status == DeviceState.Held, cancellationToken) ? DeviceRegistry.OnHold() : Revoked();
        }

        if (current.NotAfter < time.GetUtcNow())
        {
            // In the grace after its end, which an operator may want to know.
            await db.RunAuditedAsync(
                () => Task.FromResult<AuditEntry?>(new AuditEntry(
                    $"device:{deviceId}", "device.renewed_after_expiry", deviceId, AuditDetails.Of(("serial", SerialNumber.ToDecimal(certificate.SerialNumber)), ("expired_at", current.NotAfter.ToUniversalTime().ToString("O"))))),
                cancellationToken);
        }
    }

    private static ProblemException Unknown() => new(403, "device_unknown", "No device with this id is enrolled here.");

    private static ProblemException Revoked() => new(403, "device_revoked", "This device is revoked.");
}
