using System.Text.Json.Nodes;
using IoTPlatform.Pki;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Data;

/// <summary>
/// Revokes a device's certificates in the transaction of the act that demands it, through the CA schema's own functions. Both
/// append to the audit log, so they come after every other lock.
/// </summary>
internal static class DeviceCertificateRevocation
{
    /// <summary>Every certificate, and no new one until the device is let in again. Returns how many were revoked.</summary>
    public static async Task<int> RevokeAsync(
        TenantDbContext db, string deviceId, RevocationReason reasonCode, string? reason, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var details = Details(reasonCode, reason);
        var revoked = await db.Database
            .SqlQuery<byte[]>($"SELECT r AS \"Value\" FROM ca.revoke_subject({now}, {Profiles.Device.Name}, {deviceId}, {(int)reasonCode}, {reason}, {by}, {details}) r")
            .ToListAsync(cancellationToken);
        return revoked.Count;
    }

    /// <summary>The certificates so far; the device may have new ones at once.</summary>
    public static async Task SupersedeAsync(TenantDbContext db, string deviceId, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await RevokeAsync(db, deviceId, RevocationReason.Superseded, "enrolled anew", by, now, cancellationToken);
        var details = Details(RevocationReason.Superseded, "enrolled anew");
        await db.Database.ExecuteSqlAsync($"SELECT ca.reinstate_subject({Profiles.Device.Name}, {deviceId}, {by}, {details})", cancellationToken);
    }

    private static string Details(RevocationReason reasonCode, string? reason) =>
        new JsonObject { ["reason_code"] = (int)reasonCode, ["reason"] = reason }.ToJsonString();
}
