using System.Globalization;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Reads the registry.</summary>
internal sealed class DeviceRegistry(IDbContextFactory<TenantDbContext> databases, Authority authority, DeviceCertificates certificates, TenantOptions options, TimeProvider time) : IGuarded
{
    private const int CertificatesShown = 50;
    private const int MostKinds = 100;

    public static string Policy => Policies.Viewer;

    /// <summary>By device id. A device whose first certificate never got out is valid until the moment it asked.</summary>
    public async Task<Page<DeviceSummary>> ListAsync(DeviceSearch search, string? after, int limit, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var devices = await Matching(db, search).AsNoTracking()
            .Where(d => after == null || string.Compare(d.DeviceId, after) > 0)
            .OrderBy(d => d.DeviceId).Take(limit + 1)
            .ToListAsync(cancellationToken);
        string[] ids = [.. devices.Select(d => d.DeviceId)];
        var presence = await PresenceAsync(db, ids, cancellationToken);
        var tags = (await db.DeviceTags.AsNoTracking().Where(t => ids.Contains(t.DeviceId)).ToListAsync(cancellationToken)).ToLookup(t => t.DeviceId, t => t.Tag);
        return Paging.Cut(devices.ConvertAll(d => Summary(d, presence.GetValueOrDefault(d.DeviceId), [.. tags[d.DeviceId].Order(StringComparer.Ordinal)])), limit, d => d.DeviceId);
    }

    public async Task<int> CountAsync(DeviceSearch search, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Matching(db, search).CountAsync(cancellationToken);
    }

    /// <summary>The types and the tags that there are, the first hundred of each.</summary>
    public async Task<(IReadOnlyList<string> Types, IReadOnlyList<string> Tags)> KindsAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return (await db.Database.SqlQueryRaw<string>(Each("tenant.devices", "device_type")).ToListAsync(cancellationToken), await db.Database.SqlQueryRaw<string>(Each("tenant.device_tags", "tag")).ToListAsync(cancellationToken));
    }

    /// <summary>When the device came and went, the newest first, and the last one before that time with them.</summary>
    public async Task<IReadOnlyList<DevicePresenceView>> ConnectionsAsync(string deviceId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var changes = await db.PresenceChanges.AsNoTracking().Where(c => c.DeviceId == deviceId).OrderByDescending(c => c.Sequence).Select(c => new DevicePresenceView { Online = c.Online, Since = c.At }).ToListAsync(cancellationToken);
        var before = changes.FindIndex(c => c.Since <= since);
        return before < 0 ? changes : changes[..(before + 1)];
    }

    public async Task<DeviceDetail> ShowAsync(string deviceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var device = await db.Devices.AsNoTracking().SingleOrDefaultAsync(d => d.DeviceId == deviceId, cancellationToken) ?? throw Unknown();
        var peer = await db.WireGuardPeers.AsNoTracking().SingleOrDefaultAsync(p => p.DeviceId == deviceId, cancellationToken);
        var presence = await PresenceAsync(db, [deviceId], cancellationToken);
        var issued = await authority.ListAsync(new CertificateQuery { Subject = deviceId, Profile = Profiles.Device.Name, Limit = CertificatesShown }, cancellationToken);
        return new DeviceDetail
        {
            DeviceId = device.DeviceId,
            DeviceName = device.DeviceName,
            DeviceType = device.DeviceType,
            Status = Status(device),
            EnrolledAt = device.EnrolledAt,
            EnrolledBy = device.EnrolledBy,
            RevokedAt = device.RevokedAt,
            RevocationReason = device.RevocationReason,
            Presence = presence.GetValueOrDefault(deviceId),
            Tags = await db.DeviceTags.Where(t => t.DeviceId == deviceId).Select(t => t.Tag).Order().ToListAsync(cancellationToken),
            SpiffeId = certificates.SpiffeIdOf(device.DeviceId),
            WireguardAddress = peer?.Address.ToString(),
            WireguardPublicKey = peer?.PublicKey,
            Certificates = [.. issued.Items.Select(CertificateViews.Summary)],
        };
    }

    public static ProblemException OnHold() => new(403, "device_on_hold", "This device is on hold. An admin can release it.");

    public static ProblemException Unknown() => new(404, "device_unknown", "There is no device with this id.");

    /// <summary>SQL: from each value to the next by its index, where DISTINCT would read every row.</summary>
    private static string Each(string table, string column) => string.Create(CultureInfo.InvariantCulture, $"""
        WITH RECURSIVE each AS (
          (SELECT t.{column} AS value FROM {table} t WHERE t.{column} IS NOT NULL ORDER BY 1 LIMIT 1)
          UNION ALL SELECT (SELECT t.{column} FROM {table} t WHERE t.{column} > e.value ORDER BY 1 LIMIT 1) FROM each e WHERE e.value IS NOT NULL)
        SELECT e.value AS "Value" FROM each e WHERE e.value IS NOT NULL LIMIT {MostKinds}
        """);

    private async Task<Dictionary<string, DevicePresenceView>> PresenceAsync(TenantDbContext db, string[] deviceIds, CancellationToken cancellationToken) => options.KnowsPresence
        ? await db.DeviceConnections.Where(c => deviceIds.Contains(c.DeviceId)).ToDictionaryAsync(c => c.DeviceId, c => new DevicePresenceView { Online = c.Online, Since = c.Since }, cancellationToken)
        : [];

    /// <summary>A device renews after two thirds of the lifetime: what has a sixth left is overdue.</summary>
    private IQueryable<Device> Matching(TenantDbContext db, DeviceSearch search)
    {
        var now = time.GetUtcNow();
        return search.Check().In(db, now, now + (options.DeviceLifetime / 6));
    }

    private static DeviceSummary Summary(Device device, DevicePresenceView? presence, IReadOnlyList<string> tags) => new()
    {
        DeviceId = device.DeviceId,
        DeviceName = device.DeviceName,
        DeviceType = device.DeviceType,
        Status = Status(device),
        EnrolledAt = device.EnrolledAt,
        NotAfter = device.NotAfter ?? device.EnrolledAt,
        Presence = presence,
        Tags = tags,
    };

    private static DeviceStatus Status(Device device) => device.IsRevoked ? DeviceStatus.Revoked : device.IsHeld ? DeviceStatus.Held : DeviceStatus.Enrolled;
}

/// <summary>The ids of registered devices, revoked ones too: only the registry's own enrolment and renewal certify them.</summary>
internal sealed class RegisteredDeviceNames(IDbContextFactory<TenantDbContext> databases) : IReservedNames
{
    public async ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken)
    {
        string[] ids = [.. names.Dns.Append(names.CommonName ?? "").Select(name => name.ToLowerInvariant())];
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Devices.AnyAsync(d => ids.Contains(d.DeviceId), cancellationToken) ? "registered devices" : null;
    }
}
