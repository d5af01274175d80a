using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
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

    /// <summary>The certificates so far; the device may have new ones at once.</summary>
    public async Task SupersedeAsync(TenantDbContext db, string deviceId, string by, CancellationToken cancellationToken)
    {
        await RevokeAsync(db, deviceId, RevocationReason.Superseded, EnrolledAnew, by, cancellationToken);
        await authority.ReinstateSubjectAsync(new SubjectReinstatement { Profile = Profiles.Device, Subject = deviceId, Reason = EnrolledAnew, By = by }, db.Connection(), cancellationToken);
    }
}
