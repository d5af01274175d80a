using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Events;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Events;

/// <summary>A provider whose bus is the test's, and two tenants that have joined.</summary>
public sealed class ForwardingFixture : IAsyncLifetime
{
    internal const string Tenant = "teller";
    internal const string Other = "victim";

    internal RecordingBus Bus { get; } = new();

    internal RunningProvider Provider { get; private set; } = null!;

    internal HostileTenant Keys { get; } = new();

    internal JoinBundle Bundle { get; private set; } = null!;

    /// <summary>The tenant's own bridge.</summary>
    internal ApiCaller Bridge { get; private set; } = null!;

    internal ApiCaller OtherBridge { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Provider = await RunningProvider.StartAsync(services => services.AddSingleton<IEventPublisher>(Bus));
        Bundle = await JoinAsync(Tenant, Keys);
        Bridge = Provider.Anonymous(Keys.WithBridgeKey(Bundle.MqttBridgeCert));
        var other = new HostileTenant();
        OtherBridge = Provider.Anonymous(other.WithBridgeKey((await JoinAsync(Other, other)).MqttBridgeCert));
    }

    public async Task DisposeAsync()
    {
        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }

        Keys.Dispose();
    }

    internal async Task<JoinBundle> JoinAsync(string tenantId, HostileTenant keys) =>
        (await Provider.TryJoinAsync((await Provider.PrepareAsync(tenantId)).JoinKey, keys.Request())).Read(ContractsJson.Default.JoinBundle);
}
