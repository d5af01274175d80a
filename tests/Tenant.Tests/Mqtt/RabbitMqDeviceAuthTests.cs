using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>What the tenant answers its RabbitMQ about itself: devices' answers are tried at the broker.</summary>
public sealed class RabbitMqDeviceAuthTests
{
    private const string Own = "spiffe://acme.iot.example/service/tenant-iot-bridge-api";
    private const string Device = "spiffe://acme.iot.example/device/pump-1";
    private readonly RabbitMqDeviceAuth _auth = new(new DeviceAccess(new JoinedTenant("acme", "iot.example"), databases: null!), new DeviceQueueState());

    [Theory]
    [InlineData(Own, false, true)]
    [InlineData(Own, true, false)]
    [InlineData("spiffe://globex.iot.example/service/tenant-iot-bridge-api", false, false)]
    [InlineData("spiffe://acme.iot.example/service/rabbitmq", false, false)]
    public async Task Login_IsTheTenantsOwn_ByItsCertificateOnly(string login, bool withPassword, bool expected) =>
        (await _auth.MayLogInAsync(login, withPassword, default)).ShouldBe(expected);

    /// <summary>Without a look into the database, which is not there.</summary>
    [Fact]
    public async Task Device_BeforeItsMessagesAreKept_IsRefused() => (await _auth.MayLogInAsync(Device, withPassword: false, default)).ShouldBeFalse();

    [Theory]
    [InlineData("acme", null, true)]
    [InlineData("acme", "acme.pump-1", false)]
    [InlineData("globex", null, false)]
    public async Task Tenant_EntersItsOwnVhost_AndNotAsADevice(string vhost, string? clientId, bool expected) => (await _auth.MayEnterAsync(Own, vhost, clientId, default)).ShouldBe(expected);

    [Theory]
    [InlineData("queue", "devices", "configure", true)]
    [InlineData("queue", "devices.dead", "write", true)]
    [InlineData("queue", "mqtt-subscription-acme.pump-1qos1", "read", false)]
    [InlineData("exchange", "amq.topic", "write", true)]
    [InlineData("exchange", "amq.topic", "configure", false)]
    [InlineData("exchange", "devices.dead", "configure", true)]
    [InlineData("exchange", "amq.default", "write", false)]
    public void Tenant_UsesWhatItMakes(string resource, string name, string permission, bool expected) => _auth.MayUse(Own, "acme", resource, name, permission).ShouldBe(expected);

    [Theory]
    [InlineData("write", "commands.pump-1.17", true)]
    [InlineData("write", "devices.pump-1.commands.17", true)]
    [InlineData("write", "devices.pump-1.renew.response", true)]
    [InlineData("write", "telemetry.pump-1", false)]
    [InlineData("write", "devices.pump-1.telemetry", false)]
    [InlineData("write", "commands.pump-1.17.response", false)]
    [InlineData("write", "proof.refused", false)]
    [InlineData("read", "telemetry.#", true)]
    [InlineData("read", "#", false)]
    public void Tenant_PublishesDownOnly_AndReadsWhatGoesUp(string permission, string routingKey, bool expected) =>
        _auth.MayTopic(Own, "acme", "amq.topic", permission, routingKey).ShouldBe(expected);

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(300, false)]
    public void Attack_TopicThatNoConsumerCanBeGiven_IsRefused(int bytes, bool expected) =>
        _auth.MayTopic(Device, "acme", "amq.topic", "write", "telemetry.pump-1.\u00fc." + new string('x', bytes - "telemetry.pump-1.".Length - 3)).ShouldBe(expected);
}
