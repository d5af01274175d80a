using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Stacks;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>A tenant process of the platform whose events a queue outside gets.</summary>
public sealed class PublishingTenant(PlatformFixture platform) : IAsyncLifetime
{
    internal const string Id = "telling";

    internal TenantStack Stack { get; private set; } = null!;

    internal OutsideQueue Queue { get; } = new(platform.Broker, "enrolments");

    /// <summary>What was decided about tenants. Bound long before a test kills the broker, which may lose a binding of the last moment though it confirmed it.</summary>
    internal OutsideQueue Decisions { get; } = new(platform.Broker, "decisions");

    public async Task InitializeAsync()
    {
        await OutsideQueue.AdmitAsync(platform.Broker);
        await SubscribeAsync(Queue, "device.enrolled");
        await SubscribeAsync(Decisions, "tenant.event");
        Stack = await TenantStack.LaunchAsync(platform.Provider, Id, (await platform.Provider.PrepareAsync(Id)).JoinKey);
        await Stack.ReadyAsync();
    }

    public async Task DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }
    }

    /// <summary>Who does not want to miss the first one makes the exchange, which is otherwise made with it.</summary>
    private async Task SubscribeAsync(OutsideQueue queue, string exchange)
    {
        await platform.Broker.AdminAsync(HttpMethod.Put, $"exchanges/platform/{exchange}", """{"type":"fanout","durable":true}""");
        await queue.BindAsync(exchange);
    }

    internal async Task EnrollAsync(string deviceId)
    {
        using var admin = await Stack.AdminAsync();
        (await EnrolledDevice.EnrollAsync(Stack, admin, deviceId)).Dispose();
    }

    /// <summary>What the tenant itself calls the provider with.</summary>
    internal ProviderClient Bridge()
    {
        var bundle = Path.Combine(Stack.Data, "join-bundle");
        return ProviderClient.Create(platform.Provider.Url, platform.Provider.Trust.Provider(), X509Certificate2.CreateFromPemFile(Path.Combine(bundle, "mqtt-bridge.crt"), Path.Combine(bundle, "mqtt-bridge.key")));
    }
}
