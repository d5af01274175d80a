namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>One authority for all tests of a class.</summary>
public sealed class StepCaHost : IAsyncLifetime
{
    public CaHost Ca { get; private set; } = null!;

    public async Task InitializeAsync() => Ca = await CaHost.StartAsync();

    public async Task DisposeAsync() => await Ca.DisposeAsync();
}
