using IoTPlatform.CertificateAuthority;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Startup;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Support;

internal static class TenantDatabase
{
    /// <summary>With all of a tenant's migrations.</summary>
    public static Task<TestDatabase> CreateAsync() =>
        PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(TenantHost).Assembly);

    public static Task AddDeviceAsync(this TestDatabase database, string deviceId) => database.ExecuteAsync(
        "INSERT INTO tenant.devices (device_id, status, enrolled_at, enrolled_by) VALUES ($1, $2, now(), 'test')", deviceId, DeviceState.Enrolled);
}
