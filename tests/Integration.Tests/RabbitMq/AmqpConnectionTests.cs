using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>The platform's own AMQP user over TLS: what it gets in with, and what it may do then.</summary>
[Collection(SharedBroker.Name)]
public sealed class AmqpConnectionTests : IAsyncLifetime
{
    private const string Tenant = "amqp-acme";
    private ProvisionerFixture _fixture = null!;
    private AmqpConnections _connections = null!;

    public async Task InitializeAsync()
    {
        _fixture = await ProvisionerFixture.StartAsync();
        _connections = Connections(_fixture.Broker.Ca.Client("provider"));
        await _fixture.Provisioner.EnsureTenantAsync(BridgeAccess.For(Tenant), default);
    }

    public async Task DisposeAsync()
    {
        if (_fixture is null)
        {
            return;
        }

        await _fixture.Provisioner.RemoveTenantAsync(Tenant, default);
        await _fixture.DisposeAsync();
    }

    [SkippableFact]
    public async Task Connect_CertificateOfTheIntermediate_ReadsTelemetryAndWritesDeadLetters()
    {
        await using var connection = await _connections.ConnectAsync(Tenant, "test", default);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await PublishAsync("telemetry.pump", new string('x', 100_000));

        var read = (await channel.BasicGetAsync("telemetry", autoAck: false)).ShouldNotBeNull();
        await channel.BasicPublishAsync("telemetry.dead", "", mandatory: true, read.Body);
        await channel.BasicAckAsync(read.DeliveryTag, multiple: false);

        read.Body.Length.ShouldBe(100_000);
        (await _fixture.Broker.AdminAsync(HttpMethod.Post, $"queues/{Tenant}/telemetry.dead/get", """{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}""")).ShouldNotBe("[]");
    }

    [SkippableFact]
    public async Task Connect_CertificateWithoutItsIssuer_IsRefused()
    {
        var whole = _fixture.Broker.Ca.Client("provider");
        var alone = whole[..(whole.IndexOf("-----END CERTIFICATE-----", StringComparison.Ordinal) + 26)];

        await Should.ThrowAsync<BrokerUnreachableException>(() => Connections(alone).ConnectAsync(Tenant, "test", default));
    }

    [SkippableFact]
    public async Task Connect_BrokerOfAnotherRoot_IsRefused()
    {
        using var other = new ThrowAwayCa();

        await Should.ThrowAsync<BrokerUnreachableException>(() => Connections(_fixture.Broker.Ca.Client("provider"), other.RootPem).ConnectAsync(Tenant, "test", default));
    }

    [SkippableFact]
    public async Task Connect_UserWasRemoved_MakesItAgain()
    {
        await _fixture.Broker.AdminAsync(HttpMethod.Delete, $"users/{AmqpAccount.Name}");

        // The user is back, but its rights went with it: they are given with the tenant's.
        await using (var without = await _connections.ConnectAsync(Tenant, "test", default))
        {
            (await Should.ThrowAsync<OperationInterruptedException>(() => without.CreateChannelAsync())).ShutdownReason.ShouldNotBeNull().ReplyCode.ShouldBe(AmqpConnections.VhostRefused);
        }

        (await _fixture.Api.FindUserAsync(AmqpAccount.Name, default)).ShouldNotBeNull().Tags.ShouldBe(["iot-tenant@iot.example"]);
        await _fixture.Provisioner.EnsureTenantAsync(BridgeAccess.For(Tenant), default);

        await using var connection = await _connections.ConnectAsync(Tenant, "test", default);
        await using var channel = await connection.CreateChannelAsync();
        (await channel.BasicGetAsync("telemetry", autoAck: true)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Connect_PasswordWasChangedByHand_IsPutRight()
    {
        await _fixture.Broker.AdminAsync(HttpMethod.Put, $"users/{AmqpAccount.Name}", """{"password":"changed","tags":"iot-tenant@iot.example"}""");

        await using var connection = await _connections.ConnectAsync(Tenant, "test", default);

        await using var channel = await connection.CreateChannelAsync();
        (await channel.BasicGetAsync("telemetry", autoAck: true)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Ensure_UserOfThatNameIsForeign_IsRefusedAndLeftAlone()
    {
        await _fixture.Broker.AdminAsync(HttpMethod.Put, $"users/{AmqpAccount.Name}", """{"password":"somebody's","tags":"monitoring"}""");
        try
        {
            (await Should.ThrowAsync<ProblemException>(() => ProvisionerFixture.Account(_fixture.Api).EnsureAsync(default))).Code.ShouldBe("broker_name_taken");
            (await _fixture.Api.FindUserAsync(AmqpAccount.Name, default)).ShouldNotBeNull().Tags.ShouldBe(["monitoring"]);
        }
        finally
        {
            await _fixture.Broker.AdminAsync(HttpMethod.Delete, $"users/{AmqpAccount.Name}");
        }
    }

    [SkippableTheory]
    [InlineData("read a bridge's queue", "mqtt")]
    [InlineData("empty the dead letters", "dead")]
    [InlineData("write to another exchange", "fanout")]
    [InlineData("write past the exchange", "default")]
    [InlineData("make a queue", "declare")]
    public async Task Connected_AnythingElse_IsRefused(string what, string action)
    {
        _ = what;
        await _fixture.Broker.AdminAsync(HttpMethod.Put, $"queues/{Tenant}/mqtt-subscription-x", """{"durable":true}""");
        await using var connection = await _connections.ConnectAsync(Tenant, "test", default);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));

        await Should.ThrowAsync<OperationInterruptedException>(async () => await (action switch
        {
            "mqtt" => channel.BasicGetAsync("mqtt-subscription-x", autoAck: true),
            "dead" => channel.BasicGetAsync("telemetry.dead", autoAck: true),
            "declare" => channel.QueueDeclareAsync("mine"),
            "fanout" => channel.BasicPublishAsync("amq.fanout", "commands.pump", mandatory: true, "stop"u8.ToArray()).AsTask(),
            _ => (Task)channel.BasicPublishAsync("", "mqtt-subscription-x", mandatory: true, "stop"u8.ToArray()).AsTask(),
        }));
    }

    private AmqpConnections Connections(string certificatePem, string? rootPem = null) => _fixture.Amqp(ProvisionerFixture.Account(_fixture.Api), certificatePem, rootPem);

    private Task PublishAsync(string routingKey, string payload) => _fixture.Broker.AdminAsync(
        HttpMethod.Post, $"exchanges/{Tenant}/amq.topic/publish",
        $$"""{"properties":{},"routing_key":"{{routingKey}}","payload":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(payload))}}","payload_encoding":"base64"}""");
}
