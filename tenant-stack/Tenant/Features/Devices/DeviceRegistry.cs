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
internal sealed class DeviceRegistry(IDbContextFactory<TenantDbContext> databases, Authority authority, DeviceCertificates certificates, TenantOptions options)
{
    // Without polling, the last observed presence is out of date.
    private readonly bool _knowsPresence = options.Broker is null or { Management: not null };

    private const int CertificatesShown = 50;

    /// <summary>By device id. A device whose first certificate never got out is valid until the moment it asked.</summary>
    public async Task<Page<DeviceSummary>> ListAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var devices = await db.Devices.AsNoTracking()
            .Where(d => after == null || string.Compare(d.DeviceId, after) > 0)
            .OrderBy(d => d.DeviceId).Take(limit + 1)
            .ToListAsync(cancellationToken);
        var presence = await PresenceAsync(db, [.. devices.Select(d => d.DeviceId)], cancellationToken);
        return Paging.Cut(devices.ConvertAll(d => Summary(d, presence.GetValueOrDefault(d.DeviceId))), limit, d => d.DeviceId);
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
            RevokedAt = device.RevokedAt,
            RevocationReason = device.RevocationReason,
            Presence = presence.GetValueOrDefault(deviceId),
            SpiffeId = certificates.SpiffeIdOf(device.DeviceId),
            WireguardAddress = peer?.Address.ToString(),
            WireguardPublicKey = peer?.PublicKey,
            Certificates = [.. issued.Items.Select(CertificateViews.Summary)],
        };
    }

    public static ProblemException OnHold() => new(403, "device_on_hold", "This device is on hold. An admin can release it.");

    public static ProblemException Unknown() => new(404, "device_unknown", "There is no device with this id.");

    private async Task<Dictionary<string, DevicePresenceView>> PresenceAsync(TenantDbContext db, string[] deviceIds, CancellationToken cancellationToken) => _knowsPresence
        ? await db.DeviceConnections.Where(c => deviceIds.Contains(c.DeviceId)).ToDictionaryAsync(c => c.DeviceId, c => new DevicePresenceView { Online = c.Online, Since = c.Since }, cancellationToken)
        : [];

    private static DeviceSummary Summary(Device device, DevicePresenceView? presence) => new()
    {
        DeviceId = device.DeviceId,
        DeviceName = device.DeviceName,
        DeviceType = device.DeviceType,
        Status = Status(device),
        EnrolledAt = device.EnrolledAt,
        NotAfter = device.NotAfter ?? device.EnrolledAt,
        Presence = presence,
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
