using IoTPlatform.Contracts;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.FirstBoot;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Which device may connect to this tenant's broker, and as what. Together with <see cref="DeviceTopics"/> the access policy of every broker that devices talk to.</summary>
internal sealed class DeviceAccess(JoinedTenant tenant, IDbContextFactory<TenantDbContext> databases)
{
    /// <summary>Asked at every connect.</summary>
    private static readonly Func<TenantDbContext, string, CancellationToken, Task<bool>> IsEnrolled = EF.CompileAsyncQuery((TenantDbContext db, string deviceId, CancellationToken cancellationToken) =>
        db.Devices.Any(device => device.DeviceId == deviceId && device.Status == DeviceState.Enrolled && device.NotAfter != null));

    private readonly string _prefix = SpiffeId.Device(tenant.TenantId, tenant.PlatformDomain, "x")[..^1];

    /// <summary>Whose SPIFFE id a login is; null: no device's of this tenant.</summary>
    public string? DeviceOf(string login) => login.StartsWith(_prefix, StringComparison.Ordinal) && login.Length > _prefix.Length ? login[_prefix.Length..] : null;

    /// <summary>Null: no device's of this tenant.</summary>
    public string? DeviceOf(BrokerConnection connection) =>
        connection.User is { } login && connection.Vhost == Namespace && DeviceOf(login) is { } device && DeviceId.IsValid(device) ? device : null;

    public string LoginOf(string deviceId) => _prefix + deviceId;

    /// <summary>Prefixed with the tenant, because client ids are global across RabbitMQ's vHosts. One id per device: a takeover can only end its own session.</summary>
    public string ClientIdOf(string deviceId) => $"{tenant.TenantId}.{deviceId}";

    /// <summary>This tenant itself, as a client of its RabbitMQ.</summary>
    public string OwnLogin { get; } = SpiffeId.Service(tenant.TenantId, tenant.PlatformDomain, ServiceNames.TenantApi);

    public string Namespace => tenant.TenantId;

    /// <summary>Enrolled, and neither revoked nor on hold.</summary>
    public async ValueTask<bool> IsActiveAsync(string deviceId, CancellationToken cancellationToken)
    {
        if (!DeviceId.IsValid(deviceId))
        {
            return false;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await IsEnrolled(db, deviceId, cancellationToken);
    }

    public async ValueTask<bool> IsOnHoldAsync(string deviceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Devices.AsNoTracking().AnyAsync(device => device.DeviceId == deviceId && device.Status == DeviceState.Held, cancellationToken);
    }

    /// <summary>Also those on hold.</summary>
    public async Task<IReadOnlyList<string>> RevokedAmongAsync(IReadOnlyList<string> deviceIds, CancellationToken cancellationToken)
    {
        if (deviceIds.Count == 0)
        {
            return [];
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Devices.AsNoTracking().Where(device => deviceIds.Contains(device.DeviceId) && device.Status != DeviceState.Enrolled).Select(device => device.DeviceId).ToListAsync(cancellationToken);
    }
}
