namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>One running tenant per test class; tests use device ids of their own.</summary>
public sealed class SharedTenant : IAsyncLifetime
{
    internal TestTenant Tenant { get; private set; } = null!;
    internal Client.TenantClient Admin { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Tenant = await TestTenant.StartAsync();
        Admin = await Tenant.AdminAsync();
    }

    public async Task DisposeAsync()
    {
        Admin.Dispose();
        await Tenant.DisposeAsync();
    }

    internal async Task<string> TokenAsync(string? deviceId = null, int uses = 1) =>
        (await Admin.CreateTokenAsync(new Contracts.Devices.CreateEnrollmentTokenRequest { DeviceId = deviceId, Uses = uses })).Token;
}
