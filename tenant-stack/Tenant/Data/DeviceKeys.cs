using IoTPlatform.Hosting;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Data;

/// <summary>One key, one device, for ever.</summary>
internal static class DeviceKeys
{
    /// <summary>Makes the key the device's. True when it is new; throws when it is another device's or was retired.</summary>
    public static async Task<bool> ClaimAsync(TenantDbContext db, string deviceId, byte[] keySha256, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // SQL: of two devices that come with one key at once, one gets it and the other waits for the outcome.
        var isNew = await db.Database.ExecuteSqlAsync(
            $"INSERT INTO tenant.device_keys (key_sha256, device_id, first_used_at) VALUES ({keySha256}, {deviceId}, {now}) ON CONFLICT DO NOTHING", cancellationToken) == 1;
        if (isNew)
        {
            return true;
        }

        var key = await db.DeviceKeys.AsNoTracking().SingleAsync(k => k.KeySha256 == keySha256, cancellationToken);
        if (key.DeviceId != deviceId)
        {
            throw new ProblemException(409, "key_in_use", "Another device has this key. Every device needs a key of its own.");
        }

        return key.RetiredAt is null ? false : throw Retired();
    }

    /// <summary>Throws 403 <c>key_retired</c>.</summary>
    public static async Task RequireInUseAsync(TenantDbContext db, byte[] keySha256, CancellationToken cancellationToken)
    {
        if (await db.DeviceKeys.AnyAsync(k => k.KeySha256 == keySha256 && k.RetiredAt != null, cancellationToken))
        {
            throw Retired();
        }
    }

    public static Task RetireOthersAsync(TenantDbContext db, string deviceId, byte[] keptKeySha256, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.DeviceKeys.Where(k => k.DeviceId == deviceId && k.KeySha256 != keptKeySha256 && k.RetiredAt == null)
            .ExecuteUpdateAsync(k => k.SetProperty(x => x.RetiredAt, now), cancellationToken);

    public static Task RetireAllAsync(TenantDbContext db, string[] deviceIds, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.DeviceKeys.Where(k => deviceIds.Contains(k.DeviceId) && k.RetiredAt == null)
            .ExecuteUpdateAsync(k => k.SetProperty(x => x.RetiredAt, now), cancellationToken);

    private static ProblemException Retired() => new(403, "key_retired", "This key was given up when the device was revoked or enrolled anew. Make a new one.");
}
