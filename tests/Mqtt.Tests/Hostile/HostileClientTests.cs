using IoTPlatform.Mqtt.Tests.Support;
using IoTPlatform.Testing;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt.Tests.Hostile;

public sealed class HostileClientTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    [Fact]
    public async Task Attack_CertificateOfAnotherCa_IsRefused()
    {
        using var other = new ThrowAwayCa();
        using var client = await Client.ConnectAsync(host, "victim", pem: other.Client("victim"));
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [Fact]
    public async Task Attack_NoCertificate_IsRefused_AlsoWithAnothersName()
    {
        using var client = await RawClient.OpenAsync(host, null);
        await client.SendAsync(RawClient.Connect("victim", 4));
        (await client.ReadAsync())!.Value.Body.ShouldBe([0, 5]);
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Attack_ClientIdOfAnother_IsRefused_AndEndsNoSession(MqttProtocolVersion version)
    {
        using var victim = await Client.ConnectAsync(host, $"taken-{(int)version}");
        using var attacker = await Client.ConnectAsync(host, "attacker", version, clientId: $"taken-{(int)version}");
        attacker.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.ClientIdentifierNotValid);
        (await victim.PublishAsync($"devices/taken-{(int)version}/telemetry")).IsSuccess.ShouldBeTrue();
    }

    [Theory]
    [InlineData("devices/victim/telemetry")]
    [InlineData("devices/intruder/commands/1")]
    [InlineData("devices/intruder/telemetry2")]
    [InlineData("$SYS/broker")]
    [InlineData("telemetry")]
    public async Task Attack_PublishOrWillOrRetainUnderAnothersTopic_IsRefused(string topic)
    {
        using var counted = host.Count();
        using (var client = await Client.ConnectAsync(host, "intruder", clientId: ""))
        {
            (await client.PublishAsync(topic)).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
            (await client.PublishAsync(topic, qos: MqttQualityOfServiceLevel.ExactlyOnce)).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
            await client.PublishAsync(topic, qos: MqttQualityOfServiceLevel.AtMostOnce);
            (await client.Mqtt.PublishStringAsync(topic, "x", MqttQualityOfServiceLevel.AtLeastOnce, retain: true)).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
            (counted.Of("iot.mqtt.refused"), counted.Of("iot.mqtt.stored")).ShouldBe((4, 0));
        }

        using var withWill = await Client.ConnectAsync(host, "willing", configure: o => o.WithWillTopic(topic).WithWillPayload("x").WithWillRetain());
        withWill.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        host.Store.Messages.ShouldNotContain(m => m.Topic == topic);
    }

    [Fact]
    public async Task Attack_PublishUnderAnothersTopic_EndsAnMqtt311Connection()
    {
        using var client = await Client.ConnectAsync(host, "blunt", MqttProtocolVersion.V311);
        await Should.ThrowAsync<Exception>(() => client.PublishAsync("devices/victim/telemetry"));
        await client.Ended.SoonAsync();
    }

    [Theory]
    [InlineData("#")]
    [InlineData("+/#")]
    [InlineData("+/victim/commands/#")]
    [InlineData("devices/+/commands/#")]
    [InlineData("devices/victim/commands/#")]
    [InlineData("$SYS/#")]
    [InlineData("$share/g/#")]
    [InlineData("$share/g/devices/curious/commands/#")]
    [InlineData("devices/curious/telemetry/#")]
    public async Task Attack_SubscribeToWhatIsNotItsOwn_IsRefused(string filter)
    {
        using var client = await Client.ConnectAsync(host, $"curious");
        ((int)await client.SubscribeAsync(filter)).ShouldBeGreaterThanOrEqualTo(0x80);
    }

    [Theory]
    [InlineData("devices/wild/telemetry/+")]
    [InlineData("devices/wild/telemetry/#")]
    [InlineData("")]
    public async Task Publish_NoTopicName_EndsTheConnection(string topic) // MQTT-3.3.2-2
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("wild"));
        await client.SendAsync([.. RawClient.Connect("wild"), .. RawClient.Publish(topic, 1, 1)]);
        (await client.UntilEndAsync()).ShouldBe([2, 14]);
        host.Store.Of("wild").ShouldBeEmpty();
    }

    [Fact]
    public async Task Publish_TopicAliasBeyondTheMaximum_EndsTheConnection() // MQTT-3.3.2-9
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("alias"));
        await client.SendAsync([.. RawClient.Connect("alias"), .. RawClient.Publish("devices/alias/telemetry", 1, 1, properties: [3, 0x23, 0, 17])]);
        (await client.UntilEndAsync()).ShouldBe([2, 14]);
    }

    [Fact]
    public async Task Publish_TopicAlias_StandsForItsTopic_AndUnknownOnesForNothing()
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("aliased"));
        await client.SendAsync([.. RawClient.Connect("aliased"), .. RawClient.Publish("devices/aliased/telemetry", 1, 1, properties: [3, 0x23, 0, 1]), .. RawClient.Publish("", 2, 1, properties: [3, 0x23, 0, 1]), .. RawClient.Publish("", 3, 1, properties: [3, 0x23, 0, 2])]);
        (await client.UntilEndAsync()).ShouldBe([2, 4, 4, 14]);
        host.Store.Of("aliased").Select(m => m.Topic).ShouldBe(["devices/aliased/telemetry", "devices/aliased/telemetry"]);
    }

    /// <summary>All aliases that there are, each for as long a topic as a packet takes, and again: the last topic counts, and there are never more.</summary>
    [Fact]
    public async Task Publish_EveryTopicAliasForALongTopic_IsBounded()
    {
        const string Name = "wordy";
        host.Limits[Name] = new MqttLimits { MessagesPerSecond = 10_000, BytesPerSecond = 1_000_000_000 };
        using var client = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await client.SendAsync(RawClient.Connect(Name));
        await client.ReadAsync();
        ushort id = 0;
        for (var round = 0; round < 3; round++)
        {
            for (byte alias = 1; alias <= 16; alias++)
            {
                await AcknowledgedAsync(Topic(round, alias), alias);
            }
        }

        for (byte alias = 1; alias <= 16; alias++)
        {
            await AcknowledgedAsync("", alias);
        }

        host.Store.Of(Name).Skip(48).Select(message => message.Topic).ShouldBe(Enumerable.Range(1, 16).Select(alias => Topic(2, (byte)alias)));
        // 0 is no alias (MQTT-3.3.2-8): what has a topic is stored, what has none is not.
        await AcknowledgedAsync($"devices/{Name}/telemetry", alias: 0);
        await client.SendAsync(RawClient.Publish("", ++id, 1, properties: [3, 0x23, 0, 0]));
        (await client.UntilEndAsync()).ShouldBe([14]);

        async Task AcknowledgedAsync(string topic, byte alias)
        {
            await client.SendAsync(RawClient.Publish(topic, ++id, 1, properties: [3, 0x23, 0, alias]));
            var acknowledged = (await client.ReadAsync())!.Value;
            (acknowledged.First, acknowledged.Body[1]).ShouldBe(((byte)0x40, (byte)id));
        }

        static string Topic(int round, byte alias) => $"devices/{Name}/telemetry/{round}-{alias}-{new string('x', 60_000)}";
    }

    [Fact]
    public async Task Packet_LargerThanAllowed_IsRefusedByItsHeader()
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("large"));
        await client.SendAsync([.. RawClient.Connect("large"), 0x32, 0xff, 0xff, 0xff, 0x7f]);
        (await client.UntilEndAsync()).ShouldBe([2, 14]);
    }

    [Fact]
    public async Task Connect_LargerThanAllowed_IsRefusedByItsHeader()
    {
        using var client = await RawClient.OpenAsync(host, null);
        await client.SendAsync([0x10, 0xff, 0xff, 0x03]);
        (await client.UntilEndAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Publish_BeyondReceiveMaximum_EndsTheConnection() // MQTT-3.3.4-9
    {
        host.Limits["pushy"] = new MqttLimits { InFlight = 3 };
        var commit = new TaskCompletionSource<PublishOutcome>();
        var before = host.Store.Commit;
        host.Store.Commit = message => message.Publisher.Name == "pushy" ? commit.Task : before(message);
        using var client = await RawClient.OpenAsync(host, host.ClientPem("pushy"));
        await client.SendAsync([.. RawClient.Connect("pushy"), .. Enumerable.Range(1, 4).SelectMany(id => RawClient.Publish("devices/pushy/telemetry", (ushort)id, 1))]);
        (await client.UntilEndAsync()).ShouldBe([2, 14]);
        host.Store.Of("pushy").Count.ShouldBe(3);
        commit.SetResult(PublishOutcome.Stored);
    }

    [Fact]
    public async Task Answers_NeverRead_EndTheConnection()
    {
        const string Name = "deaf";
        host.Limits[Name] = new MqttLimits { MessagesPerSecond = 10_000_000, BytesPerSecond = 1_000_000_000 };
        using var client = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await client.SendAsync(RawClient.Connect(Name));
        await client.ReadAsync();
        await Waiting.UntilAsync(() => host.Sessions.Connected.Contains(Name));
        using var neighbour = await Client.ConnectAsync(host, "hearing");
        await neighbour.SubscribeAsync("devices/hearing/commands/#");
        byte[] pings = [.. Enumerable.Repeat(RawClient.Packet(0xC0, []), 10_000).SelectMany(ping => ping)];
        await Should.ThrowAsync<IOException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
            {
                await client.SendAsync(pings);
                (await neighbour.PublishAsync("devices/hearing/telemetry")).IsSuccess.ShouldBeTrue();
            }
        });
        await Waiting.UntilAsync(() => !host.Sessions.Connected.Contains(Name));
        (await host.Sessions.SendAsync("hearing", new OutboundMessage { Topic = "devices/hearing/commands/1", Payload = "go"u8.ToArray() }, default).SoonAsync()).ShouldBe(DeliveryOutcome.Delivered);
    }

    [Fact]
    public async Task ExactlyOnce_NeverReleased_IsBounded()
    {
        host.Limits["hoarder"] = new MqttLimits { InFlight = 3 };
        using var client = await RawClient.OpenAsync(host, host.ClientPem("hoarder"));
        await client.SendAsync([.. RawClient.Connect("hoarder"), .. Enumerable.Range(1, 4).SelectMany(id => RawClient.Publish("devices/hoarder/telemetry", (ushort)id, 2))]);
        var answers = await client.UntilEndAsync();
        answers[^1].ShouldBe(14);
        host.Store.Of("hoarder").Count.ShouldBe(3);
    }

    [Fact]
    public async Task AtMostOnce_BeyondWhatTheStoreTakes_IsDropped_AndTheClientGoesOn()
    {
        host.Limits["flood"] = new MqttLimits { InFlight = 5 };
        var commit = new TaskCompletionSource<PublishOutcome>();
        var before = host.Store.Commit;
        host.Store.Commit = message => message.Publisher.Name == "flood" ? commit.Task : before(message);
        using var client = await RawClient.OpenAsync(host, host.ClientPem("flood"));
        using var counted = host.Count();
        await client.SendAsync([.. RawClient.Connect("flood"), .. Enumerable.Range(1, 50).SelectMany(_ => RawClient.Publish("devices/flood/telemetry", 0, 0)), 0xc0, 0]);
        (await client.ReadAsync())!.Value.First.ShouldBe((byte)0x20);
        (await client.ReadAsync())!.Value.First.ShouldBe((byte)0xd0);
        host.Store.Of("flood").Count.ShouldBe(5);
        counted.Of("iot.mqtt.dropped").ShouldBe(45);
        commit.SetResult(PublishOutcome.Stored);
    }

    /// <summary>MQTTnet would read what there is again and again, and use a processor for it.</summary>
    [Fact]
    public async Task Packet_CutOff_EndsWithItsConnection()
    {
        using (var client = await RawClient.OpenAsync(host, host.ClientPem("cut")))
        {
            await client.SendAsync(RawClient.Connect("cut"));
            await client.ReadAsync();
            await client.SendAsync(RawClient.Publish("devices/cut/telemetry", 1, 1)[..^1]);
        }

        await Waiting.UntilAsync(() => host.Presence.Contains("-cut"));
    }

    public static TheoryData<byte[]> Malformed => new(
    [
        [0x00, 0x00],
        [0xf0, 0x00],
        [0x30, 0x00],
        [0x30, 0x01, 0x00],
        [0x32, 0x05, 0x00, 0x10, 0x61, 0x62, 0x63],
        [0x36, 0x06, 0x00, 0x01, 0x61, 0x00, 0x01, 0x00],
        [0x30, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0x40, 0x00],
        [0x40, 0x01, 0x00],
        [0x62, 0x01, 0x00],
        [0x82, 0x00],
        [0x82, 0x02, 0x00, 0x01],
        [0x82, 0x05, 0x00, 0x01, 0x00, 0xff, 0xff],
        [0xa2, 0x03, 0x00, 0x01, 0xff],
        [0x20, 0x03, 0x00, 0x00, 0x00],
        [0xd0, 0x00],
        [0x32, 0x09, 0x00, 0x01, 0x61, 0x00, 0x01, 0x04, 0xff, 0xff, 0xff],
        [0x32, 0x07, 0x00, 0x01, 0x61, 0x00, 0x01, 0xff, 0xff],
        RawClient.Connect("again"),
    ]);

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Packet_Malformed_EndsItsConnectionAlone(byte[] packet)
    {
        using var neighbour = await Client.ConnectAsync(host, "neighbour", clientId: "");
        using (var client = await RawClient.OpenAsync(host, host.ClientPem("broken")))
        {
            await client.SendAsync([.. RawClient.Connect("broken"), .. packet]);
            await client.UntilEndAsync();
        }

        using (var stranger = await RawClient.OpenAsync(host, null))
        {
            await stranger.SendAsync(packet);
            await stranger.UntilEndAsync();
        }

        (await neighbour.PublishAsync("devices/neighbour/telemetry")).IsSuccess.ShouldBeTrue();
    }
}
