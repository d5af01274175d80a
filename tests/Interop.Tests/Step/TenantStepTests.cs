using IoTPlatform.Stacks;

namespace IoTPlatform.Interop.Tests;

/// <summary>step against the process of a tenant that has joined: root → intermediate → Sub-CA with name constraints → leaf.</summary>
public sealed class TenantStepTests(TenantStepTests.Host host) : StepCliTests, IClassFixture<TenantStepTests.Host>
{
    protected override StepTarget Target => new(host.Tenant.Url, host.Provider.Trust.Fingerprint, Path.Combine(host.Tenant.Data, "provisioner-password"));

    public sealed class Host : IAsyncLifetime
    {
        public ProviderStack Provider { get; private set; } = null!;

        public TenantStack Tenant { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Provider = await ProviderStack.StartAsync();
            var prepared = await Provider.PrepareAsync("acme");
            Tenant = await TenantStack.LaunchAsync(Provider, prepared.TenantId, prepared.JoinKey);
            await Tenant.ReadyAsync();
        }

        public async Task DisposeAsync()
        {
            await Tenant.DisposeAsync();
            await Provider.DisposeAsync();
        }
    }
}
