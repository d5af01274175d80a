using IoTPlatform.Client;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>What a joined bridge can do with its certificate, seen from a foreign MQTT client.</summary>
[Collection(SharedPlatform.Name)]
public sealed class MqttAccessTests(MqttAccessTests.Fixture fixture) : IClassFixture<MqttAccessTests.Fixture>
{
    private readonly RabbitMqServer _broker = fixture.Platform.Broker;

    [SkippableTheory]
    [InlineData("telemetry/pump-1/pressure", MqttOutcome.Done)]
    [InlineData("telemetry", MqttOutcome.Done)]
    [InlineData("events/door", MqttOutcome.Done)]
    [InlineData("status/bridge", MqttOutcome.Done)]
    [InlineData("commands/pump-1", MqttOutcome.NoConnection)]
    [InlineData("telemetryx/pump-1", MqttOutcome.NoConnection)]
    [InlineData("other", MqttOutcome.NoConnection)]
    public async Task Publish_ToATopic_OnlyWhatPolicyGrants(string topic, MqttOutcome outcome)
    {
        using var bridge = fixture.Tenant.Bridge(_broker);

        (await bridge.PublishAsync("access.bridge", topic, "{}")).ShouldBe(outcome);
    }

    [SkippableTheory]
    [InlineData("commands/#", true)]
    [InlineData("commands/+/x", true)]
    [InlineData("#", false)]
    [InlineData("+/pump-1", false)]
    [InlineData("telemetry/#", false)]
    public async Task Subscribe_ToAFilter_OnlyWhatPolicyGrants(string filter, bool granted)
    {
        using var bridge = fixture.Tenant.Bridge(_broker);
        await using var subscription = await bridge.SubscribeAsync("access.bridge", filter);

        subscription.Subscribed.ShouldBe(granted, subscription.Output);
    }

    [SkippableFact]
    public async Task Publish_LargerThanAllowed_IsNeverAcknowledged()
    {
        using var bridge = fixture.Tenant.Bridge(_broker);

        (await bridge.PublishAsync("access.bridge", "telemetry/pump-1", new string('x', 300 * 1024), timeout: TimeSpan.FromSeconds(2)))
            .ShouldBeOneOf(MqttOutcome.NoAcknowledgement, MqttOutcome.NoConnection);
    }

    [SkippableFact]
    public async Task Connect_MoreThanThePlanAllows_IsRefused()
    {
        using var tenant = await JoinedTenant.JoinAsync(fixture.Platform.Provider, "crowded");
        using var bridge = tenant.Bridge(_broker);
        var subscriptions = new List<MqttSubscription>();
        for (var i = 0; i < BrokerLimits.Default.MaxConnections; i++)
        {
            subscriptions.Add(await bridge.SubscribeAsync($"crowded.{i}", "commands/#"));
        }

        var refused = await bridge.PublishAsync("crowded.more", "telemetry/x", "{}");

        foreach (var subscription in subscriptions)
        {
            subscription.Subscribed.ShouldBeTrue(subscription.Output);
            await subscription.DisposeAsync();
        }

        refused.ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task Attack_PasswordBorrowedByABridge_OpensNoVhost()
    {
        await _broker.AdminAsync(HttpMethod.Put, "users/clerk", """{"password":"borrowed","tags":"monitoring"}""");
        using var other = await JoinedTenant.JoinAsync(fixture.Platform.Provider, "stranger");
        using var bridge = fixture.Tenant.Bridge(_broker);
        using var stranger = other.Bridge(_broker);

        (await stranger.PublishAsync("x", "telemetry/x", "{}", "clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
        (await stranger.PublishAsync("x", "telemetry/x", "{}", "access:clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
        (await stranger.PublishAsync("x", "telemetry/x", "{}", "access:access-mqtt-bridge", "")).ShouldBe(MqttOutcome.NotAuthorised);
        (await stranger.PublishAsync("access.x", "telemetry/x", "{}", "access-mqtt-bridge", "guess")).ShouldBe(MqttOutcome.NotAuthorised);
        (await bridge.PublishAsync("access.x", "telemetry/x", "{}", "clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
    }

    public sealed class Fixture(PlatformFixture platform) : IAsyncLifetime
    {
        public PlatformFixture Platform { get; } = platform;

        internal JoinedTenant Tenant { get; private set; } = null!;

        public async Task InitializeAsync() => Tenant = await JoinedTenant.JoinAsync(Platform.Provider, "access");

        public Task DisposeAsync()
        {
            Tenant?.Dispose();
            return Task.CompletedTask;
        }
    }
}
