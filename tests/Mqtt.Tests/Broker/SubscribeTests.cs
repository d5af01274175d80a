using System.Text;
using IoTPlatform.Mqtt.Tests.Support;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt.Tests.Broker;

public sealed class SubscribeTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    [Fact]
    public async Task Subscribe_Answers_InTheOrderOfTheFilters() // MQTT-3.8.4-6
    {
        using var client = await Client.ConnectAsync(host, "several");
        (await client.SubscribeAsync(
            ("devices/several/commands/a", MqttQualityOfServiceLevel.AtMostOnce),
            ("#", MqttQualityOfServiceLevel.AtLeastOnce),
            ("devices/several/commands/b", MqttQualityOfServiceLevel.ExactlyOnce)))
            .ShouldBe([MqttClientSubscribeResultCode.GrantedQoS0, MqttClientSubscribeResultCode.NotAuthorized, MqttClientSubscribeResultCode.GrantedQoS1]);
    }

    [Theory]
    [InlineData("devices/wild/commands/#/x")]
    [InlineData("devices/wild/commands/x#")]
    [InlineData("")]
    public async Task Subscribe_NoTopicFilter_IsToldSo(string filter) // MQTT-4.7.1-1
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("wild"));
        await client.SendAsync([.. RawClient.Connect("wild"), .. RawClient.Packet(0x82, [0, 1, 0, .. RawClient.String(filter), 1])]);
        await client.ReadAsync();
        (await client.ReadAsync())!.Value.Body.ShouldBe([0, 1, 0, (byte)MqttSubscribeReasonCode.TopicFilterInvalid]);
    }

    [Fact]
    public async Task Subscribe_BesideASharedSubscription_KeepsTheOrder()
    {
        using var client = await Client.ConnectAsync(host, "shared");
        (await client.SubscribeAsync(("devices/shared/commands/b", MqttQualityOfServiceLevel.AtLeastOnce), ("$share/g/devices/shared/commands/a", MqttQualityOfServiceLevel.AtLeastOnce)))
            .ShouldBe([MqttClientSubscribeResultCode.GrantedQoS1, MqttClientSubscribeResultCode.SharedSubscriptionsNotSupported]);
    }

    [Fact]
    public async Task Subscribe_Mqtt311_HasOneFailureCode()
    {
        using var client = await Client.ConnectAsync(host, "older", MqttProtocolVersion.V311);
        (await client.SubscribeAsync("devices/other/commands/#")).ShouldBe(MqttClientSubscribeResultCode.UnspecifiedError);
        client.Mqtt.IsConnected.ShouldBeTrue();
    }

    [Fact]
    public async Task Subscribe_BeyondItsLimit_IsRefused()
    {
        host.Limits["greedy"] = new MqttLimits { Subscriptions = 2 };
        using var client = await Client.ConnectAsync(host, "greedy");
        await client.SubscribeAsync("devices/greedy/commands/a");
        await client.SubscribeAsync("devices/greedy/commands/b");
        (await client.SubscribeAsync("devices/greedy/commands/c")).ShouldBe(MqttClientSubscribeResultCode.QuotaExceeded);
        await client.Mqtt.UnsubscribeAsync("devices/greedy/commands/a");
        (await client.SubscribeAsync("devices/greedy/commands/c")).ShouldBe(MqttClientSubscribeResultCode.GrantedQoS1);
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Send_ToASubscriber_EndsWithItsAcknowledgement(MqttProtocolVersion version)
    {
        var name = $"commanded-{(int)version}";
        using var client = await Client.ConnectAsync(host, name, version);
        (await SendAsync(name, "1")).ShouldBe(DeliveryOutcome.NotSubscribed);
        await client.SubscribeAsync($"devices/{name}/commands/#");
        var sending = SendAsync(name, "1");
        var message = await client.ReceiveAsync();
        (message.Topic, Encoding.UTF8.GetString(message.Payload)).ShouldBe(($"devices/{name}/commands/1", "go"));
        (await sending).ShouldBe(DeliveryOutcome.Delivered);
        await client.Mqtt.UnsubscribeAsync($"devices/{name}/commands/#");
        (await SendAsync(name, "2")).ShouldBe(DeliveryOutcome.NotSubscribed);
    }

    [Fact]
    public async Task Send_ToASubscriberOfQos0_NeedsNoAcknowledgement() // MQTT-3.8.4-8
    {
        using var client = await Client.ConnectAsync(host, "casual");
        await client.SubscribeAsync(("devices/casual/commands/#", MqttQualityOfServiceLevel.AtMostOnce));
        (await SendAsync("casual", "1")).ShouldBe(DeliveryOutcome.Delivered);
        (await client.ReceiveAsync()).QualityOfServiceLevel.ShouldBe(MqttQualityOfServiceLevel.AtMostOnce);
    }

    [Fact]
    public async Task Send_ToAThingsBoardSubscriber_HasTheNameItKnows()
    {
        using var client = await Client.ConnectAsync(host, "thing", MqttProtocolVersion.V311);
        await client.SubscribeAsync("v1/devices/me/rpc/request/+");
        (await SendAsync("thing", "9")).ShouldBe(DeliveryOutcome.Delivered);
        (await client.ReceiveAsync()).Topic.ShouldBe("v1/devices/me/rpc/request/9");
    }

    [Fact]
    public async Task Send_ToNobody_IsNotConnected() => (await SendAsync("nobody", "1")).ShouldBe(DeliveryOutcome.NotConnected);

    [Fact]
    public async Task Session_Resumed_HasItsSubscriptions() // MQTT-3.1.2-5
    {
        using (var first = await Client.ConnectAsync(host, "resumed", configure: o => o.WithSessionExpiryInterval(60)))
        {
            await first.SubscribeAsync("devices/resumed/commands/#");
        }

        await Waiting.UntilAsync(() => host.Presence.Contains("-resumed"));
        using var second = await Client.ConnectAsync(host, "resumed", configure: o => o.WithCleanStart(false).WithSessionExpiryInterval(60));
        second.Connected.IsSessionPresent.ShouldBeTrue();
        (await SendAsync("resumed", "1")).ShouldBe(DeliveryOutcome.Delivered);
    }

    [Fact]
    public async Task Session_CleanStart_IsANewOne()
    {
        using (var first = await Client.ConnectAsync(host, "clean", configure: o => o.WithSessionExpiryInterval(60)))
        {
            await first.SubscribeAsync("devices/clean/commands/#");
        }

        await Waiting.UntilAsync(() => host.Presence.Contains("-clean"));
        using var second = await Client.ConnectAsync(host, "clean");
        second.Connected.IsSessionPresent.ShouldBeFalse();
        (await SendAsync("clean", "1")).ShouldBe(DeliveryOutcome.NotSubscribed);
    }

    [Fact]
    public async Task Send_BeyondReceiveMaximum_Waits_TheQueueIsBounded_AndANeighbourIsServed() // MQTT-3.3.4-9
    {
        using var neighbour = await Client.ConnectAsync(host, "quick");
        await neighbour.SubscribeAsync("devices/quick/commands/#");
        host.Limits["slow"] = new MqttLimits { Queue = 2 };
        // Acknowledges nothing, and says that it takes two at a time.
        using var client = await RawClient.OpenAsync(host, host.ClientPem("slow"));
        await client.SendAsync(RawClient.Packet(0x10, [0, 4, .. "MQTT"u8, 5, 2, 0, 0, 3, 0x21, 0, 2, .. RawClient.String("slow")]));
        (await client.ReadAsync())!.Value.Body[1].ShouldBe((byte)0);
        await client.SendAsync(RawClient.Packet(0x82, [0, 1, 0, .. RawClient.String("devices/slow/commands/#"), 1]));
        (await client.ReadAsync())!.Value.First.ShouldBe((byte)0x90);
        Task<DeliveryOutcome>[] underWay = [SendAsync("slow", "1"), SendAsync("slow", "2")];
        var third = SendAsync("slow", "3", atLeastOnce: false);
        var fourth = SendAsync("slow", "4");
        var fifth = SendAsync("slow", "5");
        // The queue is full: the message of QoS 0 made room, and where there is none the sender keeps its message.
        (await third.SoonAsync()).ShouldBe(DeliveryOutcome.QueueFull);
        (await SendAsync("slow", "6").SoonAsync()).ShouldBe(DeliveryOutcome.QueueFull);
        (await SendAsync("quick", "1").SoonAsync()).ShouldBe(DeliveryOutcome.Delivered);
        (await neighbour.PublishAsync("devices/quick/telemetry")).IsSuccess.ShouldBeTrue();
        var (one, two) = ((await client.ReadAsync())!.Value, (await client.ReadAsync())!.Value);
        await client.SendAsync(RawClient.Packet(0x40, IdOf(one)));
        (await underWay[0].SoonAsync()).ShouldBe(DeliveryOutcome.Delivered);
        var next = (await client.ReadAsync())!.Value;
        Encoding.UTF8.GetString(next.Body).ShouldContain("devices/slow/commands/4");
        client.Dispose();
        (await Task.WhenAll(underWay[1], fourth, fifth).SoonAsync()).ShouldAllBe(outcome => outcome == DeliveryOutcome.NotConnected);
        IdOf(two).ShouldNotBe(IdOf(one));

        static byte[] IdOf((byte First, byte[] Body) publish) => publish.Body[(2 + publish.Body[1])..(4 + publish.Body[1])];
    }

    [Fact]
    public async Task Send_Expired_IsNotSent()
    {
        using var client = await Client.ConnectAsync(host, "late");
        await client.SubscribeAsync("devices/late/commands/#");
        (await SendAsync("late", "1", expiresAt: TimeProvider.System.GetUtcNow().AddSeconds(-1))).ShouldBe(DeliveryOutcome.Expired);
    }

    [Fact]
    public async Task Send_LongerThanTheClientTakes_IsRefused() // MQTT-3.1.2-24
    {
        using var client = await Client.ConnectAsync(host, "small", configure: o => o.WithMaximumPacketSize(100));
        await client.SubscribeAsync("devices/small/commands/#");
        (await host.Sessions.SendAsync("small", new OutboundMessage { Topic = "devices/small/commands/1", Payload = new byte[200] }, default)).ShouldBe(DeliveryOutcome.TooLong);
    }

    private Task<DeliveryOutcome> SendAsync(string name, string command, bool atLeastOnce = true, DateTimeOffset? expiresAt = null) =>
        host.Sessions.SendAsync(name, new OutboundMessage { Topic = $"devices/{name}/commands/{command}", Payload = "go"u8.ToArray(), AtLeastOnce = atLeastOnce, ExpiresAt = expiresAt }, default);
}
