using IoTPlatform.CertificateAuthority.Tests;

namespace IoTPlatform.Interop.Tests;

/// <summary>step against a provider's authority: root → intermediate → leaf.</summary>
public sealed class RootAndIntermediateStepTests(RootAndIntermediateStepTests.Host host) : StepCliTests, IClassFixture<RootAndIntermediateStepTests.Host>
{
    protected override StepTarget Target => new(host.Ca.Url, host.Ca.RootFingerprint, host.Ca.ProvisionerPasswordFile);

    public sealed class Host : IAsyncLifetime
    {
        public CaHost Ca { get; private set; } = null!;

        public async Task InitializeAsync() => Ca = await CaHost.StartAsync();

        public async Task DisposeAsync() => await Ca.DisposeAsync();
    }
}
