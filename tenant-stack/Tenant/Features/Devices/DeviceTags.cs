using System.Text.RegularExpressions;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Words by which people group devices: sixteen of a device at most. Both operations are idempotent and say how many devices they changed.</summary>
internal sealed partial class DeviceTags(IDbContextFactory<TenantDbContext> databases) : IGuarded
{
    public const int MostDevices = 500;
    private const int MostOfDevice = 16;

    public static string Policy => Policies.Operator;

    /// <summary>Devices that there are not are passed over. Throws 400 <c>invalid_tag</c> or <c>too_many_devices</c>, 409 <c>too_many_tags</c>.</summary>
    public async Task<int> AddAsync(IReadOnlyCollection<string> deviceIds, string tag, string actor, CancellationToken cancellationToken)
    {
        var ids = Check(deviceIds, tag);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // SQL: LINQ has no ON CONFLICT. In order, as every other who locks many; locked, so that the tags of two calls are counted one after the other.
        var added = await db.Database.SqlQuery<string>($"""
            INSERT INTO tenant.device_tags (device_id, tag) SELECT device_id, {tag}
            FROM (SELECT device_id FROM tenant.devices WHERE device_id = ANY ({ids}) ORDER BY device_id FOR NO KEY UPDATE) AS locked
            ON CONFLICT DO NOTHING RETURNING device_id AS "Value"
            """).ToListAsync(cancellationToken);
        if (await db.DeviceTags.Where(t => ids.Contains(t.DeviceId)).GroupBy(t => t.DeviceId).Where(g => g.Count() > MostOfDevice).Select(g => g.Key).FirstOrDefaultAsync(cancellationToken) is { } full)
        {
            throw new ProblemException(409, "too_many_tags", $"{full} has {MostOfDevice} tags, which is as many as a device may have.");
        }

        await AuditAsync(db, [.. added], "device.tagged", tag, actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return added.Count;
    }

    public async Task<int> RemoveAsync(IReadOnlyCollection<string> deviceIds, string tag, string actor, CancellationToken cancellationToken)
    {
        var ids = Check(deviceIds, tag);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var removed = await db.Database.SqlQuery<string>($"""DELETE FROM tenant.device_tags WHERE device_id = ANY ({ids}) AND tag = {tag} RETURNING device_id AS "Value" """).ToListAsync(cancellationToken);
        await AuditAsync(db, [.. removed], "device.untagged", tag, actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return removed.Count;
    }

    private static string[] Check(IReadOnlyCollection<string> deviceIds, string tag) =>
        !Shape().IsMatch(tag) || tag[^1] == '\n' ? throw new ProblemException(400, "invalid_tag", "A tag is 1 to 32 small letters, digits, '.', '_' and '-', and begins and ends with a letter or a digit.")
        : deviceIds.Count > MostDevices ? throw TooMany()
        : [.. deviceIds.Distinct(StringComparer.Ordinal)];

    internal static ProblemException TooMany() => new(400, "too_many_devices", $"At most {MostDevices} devices at a time.");

    private static Task AuditAsync(TenantDbContext db, string[] ids, string action, string tag, string actor, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync($"""
        SELECT audit.append_many(array_agg({actor}::text), array_agg({action}::text), array_agg(d ORDER BY d), array_agg({AuditDetails.Of(("tag", tag))}::text))
        FROM unnest({ids}) d HAVING count(*) > 0
        """, cancellationToken);

    [GeneratedRegex("^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex Shape();
}
