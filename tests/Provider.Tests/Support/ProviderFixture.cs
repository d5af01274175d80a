using IoTPlatform.LocalServices;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>One provider for a class of tests; each test has tenants of its own.</summary>
public sealed class ProviderFixture : IAsyncLifetime
{
    /// <summary>Of the embedded broker alone.</summary>
    public int MqttPort { get; } = FreePort.Next();

    internal RunningProvider Provider { get; private set; } = null!;

    public async Task InitializeAsync() => Provider = await RunningProvider.StartAsync(settings: new Dictionary<string, string?> { [MqttListen.Setting] = $"mqtts://127.0.0.1:{MqttPort}" });

    public async Task DisposeAsync()
    {
        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }
    }
}
