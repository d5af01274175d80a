using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Data;

/// <summary>Revokes a device's certificates in the transaction of the operation that demands it. Both append to the audit log, so they come after every other lock.</summary>
internal sealed class DeviceCertificateRevocation(Authority authority)
{
    private const string EnrolledAnew = "enrolled anew";

    /// <summary>Revokes every certificate, and allows no new one until the device is readmitted. Returns how many were revoked.</summary>
    public async Task<int> RevokeAsync(TenantDbContext db, string deviceId, RevocationReason reasonCode, string? reason, string by, CancellationToken cancellationToken)
    {
        var order = new SubjectRevocation { Profile = Profiles.Device, Subject = deviceId, ReasonCode = reasonCode, Reason = reason, By = by };
        return (await authority.RevokeSubjectAsync(order, db.Connection(), cancellationToken)).Count;
    }

    /// <summary>Throws 403 <c>key_revoked</c> for a key that gets no certificate any more, before anything is spent on it.</summary>
    public async Task RequireKeyAsync(TenantDbContext db, byte[] keySha256, CancellationToken cancellationToken)
    {
        if (await authority.IsKeyRevokedAsync(keySha256, db.Connection(), cancellationToken))
        {
            throw new ProblemException(403, "key_revoked", "This key is revoked. Make a new one.");
        }
    }

    /// <summary>Puts every certificate on hold, and allows no new one until the device is released. Returns how many there were.</summary>
    public Task<int> HoldAsync(TenantDbContext db, string deviceId, string? reason, string by, CancellationToken cancellationToken) =>
        RevokeAsync(db, deviceId, RevocationReason.CertificateHold, reason, by, cancellationToken);

    public Task<bool> ReleaseAsync(TenantDbContext db, string deviceId, string? reason, string by, CancellationToken cancellationToken) =>
        authority.ReleaseSubjectAsync(new SubjectRelease { Profile = Profiles.Device, Subject = deviceId, Reason = reason, By = by }, db.Connection(), cancellationToken);

    /// <summary>The certificates so far; the device may have new ones at once.</summary>
    public async Task SupersedeAsync(TenantDbContext db, string deviceId, string by, CancellationToken cancellationToken)
    {
        await RevokeAsync(db, deviceId, RevocationReason.Superseded, EnrolledAnew, by, cancellationToken);
        await authority.ReinstateSubjectAsync(new SubjectReinstatement { Profile = Profiles.Device, Subject = deviceId, Reason = EnrolledAnew, By = by }, db.Connection(), cancellationToken);
    }
}
