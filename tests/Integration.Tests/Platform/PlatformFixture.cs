using IoTPlatform.Provider.Configuration;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>A provider process and its RabbitMQ, which has its certificate from that provider's CA.</summary>
public sealed class PlatformFixture : IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    internal RabbitMqServer Broker { get; private set; } = null!;

    internal ProviderStack Provider { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var tls = Directory.CreateDirectory(_folder.Combine("tls")).FullName;
        Broker = await RabbitMqServer.PrepareAsync(tls);
        Provider = await ProviderStack.StartAsync(new Dictionary<string, string?>(Broker.ProviderSettings)
        {
            ["IOT_RABBITMQ_MQTT_URL"] = $"mqtts://localhost:{Broker.MqttPort}",
        });
        // The broker has its certificate only now: the provider runs without it.
        Broker.Ask(Provider.Url);
        await Broker.StartAgainAsync();
    }

    public async Task DisposeAsync()
    {
        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }

        if (Broker is not null)
        {
            await Broker.DisposeAsync();
        }

        _folder.Dispose();
    }
}
