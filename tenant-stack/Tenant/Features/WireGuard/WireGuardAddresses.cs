using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>Addresses of the tunnel subnet, in the caller's transaction. A function of the database gives them out: it counts and skips what others hold, under its own locks.</summary>
internal sealed class WireGuardAddresses(TenantOptions options)
{
    /// <summary>How long a released address rests, if the subnet has to reuse it at all.</summary>
    public static readonly TimeSpan Quarantine = TimeSpan.FromDays(7);

    public async Task<IPAddress> AssignAsync(TenantDbContext db, string deviceId, string publicKey, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var subnet = options.WireGuardSubnet.ToString();
        var address = (await db.Database
            .SqlQuery<IPAddress?>($"SELECT tenant.allocate_wireguard_address({deviceId}, {publicKey}, {subnet}::cidr, {now}, {Quarantine}) AS \"Value\"")
            .ToListAsync(cancellationToken)).Single();
        return address ?? throw new ProblemException(503, "wireguard_subnet_full", "The WireGuard subnet has no free address. Enrol without wg_public_key, or ask the tenant's admin for a larger subnet.");
    }

    public static Task ReleaseAsync(TenantDbContext db, string deviceId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT tenant.release_wireguard_address({deviceId}, {now})", cancellationToken);

    public static Task ReleaseAsync(TenantDbContext db, string[] deviceIds, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT count(tenant.release_wireguard_address(d.id, {now})) FROM (SELECT unnest({deviceIds}) AS id ORDER BY 1) d", cancellationToken);

    public static async Task<IPAddress?> FindAsync(TenantDbContext db, string deviceId, CancellationToken cancellationToken) =>
        (await db.WireGuardPeers.AsNoTracking().SingleOrDefaultAsync(p => p.DeviceId == deviceId, cancellationToken))?.Address;
}

/// <summary>The tunnel's subnet cannot change while devices have addresses in another one: the server would no longer route to them.</summary>
internal static class WireGuardSubnetGuard
{
    /// <summary>Throws <see cref="StartupException"/>. The migrations must have been applied.</summary>
    public static async Task RequireAsync(IDbContextFactory<TenantDbContext> databases, IPNetwork subnet, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var taken = await db.WireGuardPeers.Where(p => p.DeviceId != null).Select(p => p.Subnet).Distinct().ToListAsync(cancellationToken);
        if (taken.Where(other => !other.Equals(subnet)).Select(other => other.ToString()).FirstOrDefault() is { } cut)
        {
            throw new StartupException($"{TenantSettings.WireGuardSubnet} is {subnet}, but devices have addresses in {cut} and would be cut off. Set it back to {cut}.");
        }
    }
}
