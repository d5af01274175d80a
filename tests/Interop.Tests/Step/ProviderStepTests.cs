using IoTPlatform.Stacks;

namespace IoTPlatform.Interop.Tests;

/// <summary>step against a provider process: root → intermediate → leaf.</summary>
public sealed class ProviderStepTests(ProviderStepTests.Host host) : StepCliTests, IClassFixture<ProviderStepTests.Host>
{
    protected override StepTarget Target => new(host.Provider.Url, host.Provider.Trust.Fingerprint, Path.Combine(host.Provider.Data, "provisioner-password"));

    public sealed class Host : IAsyncLifetime
    {
        public ProviderStack Provider { get; private set; } = null!;

        public async Task InitializeAsync() => Provider = await ProviderStack.StartAsync();

        public async Task DisposeAsync() => await Provider.DisposeAsync();
    }
}
