namespace IoTPlatform.Provider.Tests.Support;

/// <summary>One provider for a class of tests; each test has tenants of its own.</summary>
public sealed class ProviderFixture : IAsyncLifetime
{
    internal RunningProvider Provider { get; private set; } = null!;

    public async Task InitializeAsync() => Provider = await RunningProvider.StartAsync();

    public async Task DisposeAsync()
    {
        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }
    }
}
