using IoTPlatform.CertificateAuthority.Tests;

namespace IoTPlatform.Interop.Tests;

/// <summary>step against a tenant's authority: root → intermediate → Sub-CA with name constraints → leaf.</summary>
public sealed class SubCaStepTests(SubCaStepTests.Host host) : StepCliTests, IClassFixture<SubCaStepTests.Host>
{
    protected override StepTarget Target => new(host.Ca.Url, host.Ca.RootFingerprint, host.Ca.ProvisionerPasswordFile);

    public sealed class Host : IAsyncLifetime
    {
        private CaHost? _provider;

        public CaHost Ca { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            _provider = await CaHost.StartAsync();
            Ca = await SubCaHost.StartAsync(_provider);
        }

        public async Task DisposeAsync()
        {
            await Ca.DisposeAsync();
            await _provider!.DisposeAsync();
        }
    }
}
