using IoTPlatform.Tenant.Features.Mqtt;

namespace IoTPlatform.Tenant.Tests.Mqtt;

public sealed class DeviceTopicsTests
{
    [Theory]
    [InlineData("telemetry/pump-1")]
    [InlineData("telemetry/pump-1/temperature")]
    [InlineData("events/pump-1/door/open")]
    [InlineData("status/pump-1")]
    [InlineData("commands/pump-1/17/response")]
    [InlineData("devices/pump-1/telemetry")]
    [InlineData("devices/pump-1/events/door/open")]
    [InlineData("devices/pump-1/state")]
    [InlineData("devices/pump-1/commands/17/response")]
    [InlineData("devices/pump-1/renew/request")]
    public void Publish_BelowItsOwnId_IsAllowed(string topic) => DeviceTopics.MayPublish("pump-1", topic).ShouldBeTrue();

    [Theory]
    [InlineData("telemetry/pump-2/temperature")]
    [InlineData("telemetry/pump-10")]
    [InlineData("telemetry/pump-1.x")]
    [InlineData("telemetry")]
    [InlineData("telemetry/")]
    [InlineData("telemetry//pump-1")]
    [InlineData("/telemetry/pump-1")]
    [InlineData("Telemetry/pump-1")]
    [InlineData("commands/pump-1/open")]
    [InlineData("commands/pump-2/17/response")]
    [InlineData("devices/pump-2/telemetry")]
    [InlineData("devices/pump-1/commands/17")]
    [InlineData("devices/pump-1/renew/response")]
    [InlineData("devices/pump-1/enroll/request")]
    [InlineData("devices/pump-1")]
    [InlineData("v1/devices/me/telemetry")]
    [InlineData("$SYS/pump-1")]
    [InlineData("telemetry/pump-1/#")]
    [InlineData("telemetry/pump-1/+")]
    [InlineData("telemetry/+/x")]
    [InlineData("telemetry/pump-1/\0")]
    [InlineData("")]
    public void Publish_AnywhereElse_IsRefused(string topic) => DeviceTopics.MayPublish("pump-1", topic).ShouldBeFalse();

    [Theory]
    [InlineData("commands/pump-1")]
    [InlineData("commands/pump-1/#")]
    [InlineData("commands/pump-1/+/now")]
    [InlineData("devices/pump-1/commands/#")]
    [InlineData("devices/pump-1/renew/response")]
    public void Subscribe_BelowItsOwnId_IsAllowed(string filter) => DeviceTopics.MaySubscribe("pump-1", filter).ShouldBeTrue();

    [Theory]
    [InlineData("#")]
    [InlineData("+/pump-1/#")]
    [InlineData("commands/#")]
    [InlineData("commands/+")]
    [InlineData("commands/+/open")]
    [InlineData("commands/pump-2/#")]
    [InlineData("devices/pump-2/commands/#")]
    [InlineData("devices/pump-1/#")]
    [InlineData("telemetry/pump-1/#")]
    [InlineData("$share/all/commands/pump-1")]
    [InlineData("$SYS/#")]
    [InlineData("")]
    public void Subscribe_AnywhereElse_IsRefused(string filter) => DeviceTopics.MaySubscribe("pump-1", filter).ShouldBeFalse();

    [Theory]
    [InlineData("devices/pump-1/telemetry/boiler", "telemetry/pump-1/boiler")]
    [InlineData("devices/pump:8/telemetry", "telemetry/pump:8")]
    [InlineData("devices/pump-1/state", "status/pump-1")]
    [InlineData("devices/pump-1/telemetry/request", "telemetry/pump-1/request")]
    [InlineData("devices/pump-1/commands/17/response", "commands/pump-1/17/response")]
    [InlineData("devices/pump-1/renew/request", "devices/pump-1/renew/request")]
    [InlineData("telemetry/pump-1", "telemetry/pump-1")]
    [InlineData("devices/UPPER/telemetry", "devices/UPPER/telemetry")]
    [InlineData("devices/", "devices/")]
    public void Meant_IsTheTopicThatIsStored(string topic, string meant) => DeviceTopics.Meant(topic).ShouldBe(meant);

    [Fact]
    public void DeviceIdWithADot_IsOneLevelWithAColon()
    {
        DeviceTopics.MayPublish("pump.8", "telemetry/pump:8/x").ShouldBeTrue();
        DeviceTopics.MayPublish("pump.8", "telemetry/pump/8/x").ShouldBeFalse();
        DeviceTopics.MayPublish("pump", "telemetry/pump:8/x").ShouldBeFalse();
    }

    [Fact]
    public void Topic_LongerThanMqttAllows_IsRefused() => DeviceTopics.MayPublish("pump-1", "telemetry/pump-1/" + new string('x', 65536)).ShouldBeFalse();
}
