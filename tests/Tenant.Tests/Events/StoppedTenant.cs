using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Events;

/// <summary>What a tenant that has joined leaves on disk, and its provider: nothing but the test sends events.</summary>
public sealed class StoppedTenant : IAsyncLifetime
{
    private TestTenant _tenant = null!;
    private DataFolder _folder = null!;

    internal TestProvider Provider => _tenant.Provider;

    internal JoinFiles Files { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _tenant = await TestTenant.StartAsync();
        await _tenant.StopAsync();
        _folder = DataFolder.Open(_tenant.Data);
        Files = new JoinFiles(_folder);
    }

    public async Task DisposeAsync()
    {
        _folder?.Dispose();
        if (_tenant is not null)
        {
            await _tenant.DisposeAsync();
        }
    }
}
