using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Provider.Features.Messaging.RabbitMq;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>What a provisioned bridge can do with its certificate, seen from a foreign MQTT client.</summary>
public sealed class MqttAccessTests : IAsyncLifetime
{
    private ProvisionerFixture _fixture = null!;
    private RabbitMqBrokerProvisioner _provisioner = null!;
    private Mosquitto _acme = null!;

    public async Task InitializeAsync()
    {
        _fixture = await ProvisionerFixture.StartAsync();
        _provisioner = _fixture.Provisioner;
        await _provisioner.EnsureTenantAsync(BridgeAccess.For("acme"), default);
        _acme = new Mosquitto(_fixture.Broker, _fixture.Broker.Ca.Client("acme-mqtt-bridge"));
    }

    public async Task DisposeAsync()
    {
        if (_fixture is null)
            return;
        _acme.Dispose();
        await _provisioner.RemoveTenantAsync("acme", default);
        await _fixture.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData("telemetry/pump-1/pressure", MqttOutcome.Done)]
    [InlineData("telemetry", MqttOutcome.Done)]
    [InlineData("events/door", MqttOutcome.Done)]
    [InlineData("status/bridge", MqttOutcome.Done)]
    [InlineData("commands/pump-1", MqttOutcome.NoConnection)]
    [InlineData("telemetryx/pump-1", MqttOutcome.NoConnection)]
    [InlineData("other", MqttOutcome.NoConnection)]
    public async Task Publish_ToATopic_OnlyWhatPolicyGrants(string topic, MqttOutcome outcome) =>
        (await _acme.PublishAsync("acme.bridge", topic, "{}")).ShouldBe(outcome);

    [SkippableTheory]
    [InlineData("commands/#", true)]
    [InlineData("commands/+/x", true)]
    [InlineData("#", false)]
    [InlineData("+/pump-1", false)]
    [InlineData("telemetry/#", false)]
    public async Task Subscribe_ToAFilter_OnlyWhatPolicyGrants(string filter, bool granted)
    {
        await using var subscription = await _acme.SubscribeAsync("acme.bridge", filter);

        subscription.Subscribed.ShouldBe(granted, subscription.Output);
    }

    [SkippableFact]
    public async Task Publish_Telemetry_WaitsInTheProvidersQueue()
    {
        await _acme.PublishAsync("acme.bridge", "telemetry/pump-1", """{"v":1}""");

        var messages = await _fixture.Broker.AdminAsync(HttpMethod.Post, "queues/acme/telemetry/get", """{"count":5,"ackmode":"ack_requeue_false","encoding":"auto"}""");

        messages.ShouldNotBeNull().ShouldContain("telemetry.pump-1");
    }

    [SkippableFact]
    public async Task Publish_LargerThanAllowed_IsNeverAcknowledgedAndNotStored()
    {
        (await _acme.PublishAsync("acme.bridge", "telemetry/pump-1", new string('x', 300 * 1024), timeout: TimeSpan.FromSeconds(2)))
            .ShouldBeOneOf(MqttOutcome.NoAcknowledgement, MqttOutcome.NoConnection);

        (await _fixture.Broker.AdminAsync(HttpMethod.Post, "queues/acme/telemetry/get", """{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}""")).ShouldBe("[]");
    }

    [SkippableFact]
    public async Task Connect_MoreThanThePlanAllows_IsRefused()
    {
        var subscriptions = new List<MqttSubscription>();
        for (var i = 0; i < BrokerLimits.Default.MaxConnections; i++)
            subscriptions.Add(await _acme.SubscribeAsync($"acme.{i}", "commands/#"));

        var refused = await _acme.PublishAsync("acme.more", "telemetry/x", "{}");

        foreach (var subscription in subscriptions)
        {
            subscription.Subscribed.ShouldBeTrue(subscription.Output);
            await subscription.DisposeAsync();
        }

        refused.ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task Suspend_LiveBridge_IsDisconnectedAndDoesNotComeBack()
    {
        await using var bridge = await _acme.SubscribeAsync("acme.bridge", "commands/#");
        bridge.Subscribed.ShouldBeTrue(bridge.Output);

        await _provisioner.EnsureTenantAsync(BridgeAccess.For("acme") with { Suspended = true }, default);

        await bridge.LostAsync();
        (await _acme.PublishAsync("acme.other", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        (await _fixture.Api.ReadMappingAsync(default)).ShouldNotContainKey("acme-mqtt-bridge");
        (await _fixture.Api.PermissionsOfUserAsync("acme-mqtt-bridge", default)).ShouldBeEmpty();
        (await _provisioner.CompareAsync(BridgeAccess.For("acme") with { Suspended = true }, default)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Resume_SuspendedTenant_HasItsAccessAndItsQueueAgain()
    {
        await _acme.PublishAsync("acme.bridge", "telemetry/pump-1", "before");
        await _provisioner.EnsureTenantAsync(BridgeAccess.For("acme") with { Suspended = true }, default);

        await _provisioner.EnsureTenantAsync(BridgeAccess.For("acme"), default);

        (await _acme.PublishAsync("acme.bridge", "telemetry/pump-1", "after")).ShouldBe(MqttOutcome.Done);
        var messages = await _fixture.Broker.AdminAsync(HttpMethod.Post, "queues/acme/telemetry/get", """{"count":5,"ackmode":"ack_requeue_false","encoding":"auto"}""");
        messages.ShouldNotBeNull().ShouldContain("before");
        messages.ShouldContain("after");
    }

    [SkippableFact]
    public async Task Password_BorrowedByABridge_OpensNobodysVhost()
    {
        await _fixture.Broker.AdminAsync(HttpMethod.Put, "users/clerk", """{"password":"borrowed","tags":"monitoring"}""");
        using var stranger = new Mosquitto(_fixture.Broker, _fixture.Broker.Ca.Client("stranger"));

        (await stranger.PublishAsync("x", "telemetry/x", "{}", "clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
        (await stranger.PublishAsync("x", "telemetry/x", "{}", "acme:clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
        (await stranger.PublishAsync("x", "telemetry/x", "{}", "acme:acme-mqtt-bridge", "")).ShouldBe(MqttOutcome.NotAuthorised);
        (await _acme.PublishAsync("acme.x", "telemetry/x", "{}", "clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
    }
}
