using IoTPlatform.Tenant.Features.Mqtt;

namespace IoTPlatform.Tenant.Tests.Mqtt;

public sealed class DeviceTopicsTests
{
    [Theory]
    [InlineData("telemetry/pump-1")]
    [InlineData("telemetry/pump-1/temperature")]
    [InlineData("events/pump-1/door/open")]
    [InlineData("status/pump-1")]
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
    public void Subscribe_BelowItsOwnId_IsAllowed(string filter) => DeviceTopics.MaySubscribe("pump-1", filter).ShouldBeTrue();

    [Theory]
    [InlineData("#")]
    [InlineData("+/pump-1/#")]
    [InlineData("commands/#")]
    [InlineData("commands/+")]
    [InlineData("commands/+/open")]
    [InlineData("commands/pump-2/#")]
    [InlineData("telemetry/pump-1/#")]
    [InlineData("$share/all/commands/pump-1")]
    [InlineData("$SYS/#")]
    [InlineData("")]
    public void Subscribe_AnywhereElse_IsRefused(string filter) => DeviceTopics.MaySubscribe("pump-1", filter).ShouldBeFalse();

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
