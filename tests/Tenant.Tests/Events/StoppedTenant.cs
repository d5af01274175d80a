using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Events;

/// <summary>What a tenant that has joined leaves on disk, and its provider: nothing but the test sends events.</summary>
public sealed class StoppedTenant : IAsyncLifetime
{
    private TestTenant tenant = null!;
    private DataFolder folder = null!;

    internal TestProvider Provider => tenant.Provider;

    internal JoinFiles Files { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        tenant = await TestTenant.StartAsync();
        await tenant.StopAsync();
        folder = DataFolder.Open(tenant.Data);
        Files = new JoinFiles(folder);
    }

    public async Task DisposeAsync()
    {
        folder?.Dispose();
        if (tenant is not null)
        {
            await tenant.DisposeAsync();
        }
    }
}
