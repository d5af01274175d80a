using IoTPlatform.Mqtt.Tests.Support;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt.Tests.Broker;

public sealed class PublishTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    [Theory]
    [InlineData(MqttProtocolVersion.V311, MqttQualityOfServiceLevel.AtMostOnce)]
    [InlineData(MqttProtocolVersion.V311, MqttQualityOfServiceLevel.AtLeastOnce)]
    [InlineData(MqttProtocolVersion.V311, MqttQualityOfServiceLevel.ExactlyOnce)]
    [InlineData(MqttProtocolVersion.V500, MqttQualityOfServiceLevel.AtMostOnce)]
    [InlineData(MqttProtocolVersion.V500, MqttQualityOfServiceLevel.AtLeastOnce)]
    [InlineData(MqttProtocolVersion.V500, MqttQualityOfServiceLevel.ExactlyOnce)]
    public async Task Publish_OwnTopic_IsStored(MqttProtocolVersion version, MqttQualityOfServiceLevel qos)
    {
        var name = $"own-{(int)version}-{(int)qos}";
        using var client = await Client.ConnectAsync(host, name, version);
        (await client.PublishAsync($"devices/{name}/telemetry", """{"t":1}""", qos)).IsSuccess.ShouldBeTrue();
        var message = await host.Store.FirstOfAsync(name);
        message.Topic.ShouldBe($"devices/{name}/telemetry");
        message.QualityOfService.ShouldBe(qos);
        System.Text.Encoding.UTF8.GetString(message.Payload.Span).ShouldBe("""{"t":1}""");
    }

    [Fact]
    public async Task Publish_ThingsBoardName_IsStoredUnderTheTopicThatIsMeant()
    {
        using var client = await Client.ConnectAsync(host, "things", MqttProtocolVersion.V311);
        await client.PublishAsync("v1/devices/me/telemetry");
        await client.PublishAsync("v1/devices/me/rpc/response/7");
        host.Store.Of("things").Select(m => m.Topic).ShouldBe(["devices/things/telemetry", "devices/things/commands/7/response"]);
    }

    [Fact]
    public async Task Publish_Mqtt5Properties_ReachTheStore()
    {
        using var client = await Client.ConnectAsync(host, "properties");
        await client.Mqtt.PublishAsync(new MqttApplicationMessageBuilder().WithTopic("devices/properties/telemetry").WithPayload("{}")
            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).WithContentType("application/json").WithResponseTopic("devices/properties/commands/a")
            .WithCorrelationData([1, 2]).WithUserProperty("unit", System.Text.Encoding.UTF8.GetBytes("bar")).WithRetainFlag().Build());
        var message = await host.Store.FirstOfAsync("properties");
        message.ContentType.ShouldBe("application/json");
        message.ResponseTopic.ShouldBe("devices/properties/commands/a");
        message.CorrelationData.ToArray().ShouldBe([1, 2]);
        message.UserProperties.ShouldBe([KeyValuePair.Create("unit", "bar")]);
        message.Retain.ShouldBeTrue();
    }

    [Fact]
    public async Task Acknowledgement_ComesAfterTheCommit()
    {
        var committed = new TaskCompletionSource<PublishOutcome>();
        using var client = await Client.ConnectAsync(host, "patient");
        using var _ = Commit("patient", _ => committed.Task);
        var publish = client.PublishAsync("devices/patient/telemetry");
        await host.Store.FirstOfAsync("patient");
        // The connection is not blocked by it.
        await client.Mqtt.PingAsync().SoonAsync();
        publish.IsCompleted.ShouldBeFalse();
        committed.SetResult(PublishOutcome.Stored);
        (await publish).ReasonCode.ShouldBe(MqttClientPublishReasonCode.Success);
    }

    [Fact]
    public async Task Acknowledgements_OfCommitsInAnyOrder_ComeInTheOrderOfTheMessages() // MQTT-4.6.0-2
    {
        var commits = Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource<PublishOutcome>()).ToArray();
        var next = -1;
        using var client = await RawClient.OpenAsync(host, host.ClientPem("ordered"));
        using var _ = Commit("ordered", _ => commits[Interlocked.Increment(ref next)].Task);
        await client.SendAsync([.. RawClient.Connect("ordered"), .. RawClient.Publish("devices/ordered/telemetry", 1, 1), .. RawClient.Publish("devices/ordered/telemetry", 2, 2), .. RawClient.Publish("devices/ordered/telemetry", 3, 1)]);
        (await client.ReadAsync())!.Value.First.ShouldBe((byte)0x20);
        // All three are with the store before the first is committed.
        await Waiting.UntilAsync(() => host.Store.Of("ordered").Count == 3);
        commits[2].SetResult(PublishOutcome.Stored);
        commits[1].SetResult(PublishOutcome.Stored);
        commits[0].SetResult(PublishOutcome.Stored);
        foreach (var (first, id) in new[] { ((byte)0x40, 1), ((byte)0x50, 2), ((byte)0x40, 3) })
        {
            var packet = (await client.ReadAsync())!.Value;
            (packet.First, packet.Body[1]).ShouldBe((first, (byte)id));
        }
    }

    /// <summary>One after the other these would take 20 s.</summary>
    [Fact]
    public async Task Publish_OfOneClient_IsPipelined()
    {
        host.Limits["fast"] = new MqttLimits { MessagesPerSecond = 100_000, InFlight = 1000 };
        using var client = await RawClient.OpenAsync(host, host.ClientPem("fast"));
        using var _ = Commit("fast", async _ =>
        {
            await Task.Delay(10);
            return PublishOutcome.Stored;
        });
        await client.SendAsync(RawClient.Connect("fast", 4));
        await client.ReadAsync();
        var started = TimeProvider.System.GetTimestamp();
        var reading = Task.Run(async () =>
        {
            for (var id = 1; id <= 2000; id++)
            {
                (await client.ReadAsync())!.Value.Body.ShouldBe([(byte)(id >> 8), (byte)id]);
            }
        });
        await client.SendAsync([.. Enumerable.Range(1, 2000).SelectMany(id => RawClient.Publish("devices/fast/telemetry", (ushort)id, 1, properties: []))]);
        await reading.SoonAsync();
        TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Refusal_OfTheStore_ReachesAnMqtt5Client()
    {
        using var client = await Client.ConnectAsync(host, "refused");
        using var _ = Commit("refused", _ => Task.FromResult(PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, "not JSON")));
        var result = await client.PublishAsync("devices/refused/telemetry", "x");
        (result.ReasonCode, result.ReasonString).ShouldBe((MqttClientPublishReasonCode.PayloadFormatInvalid, "not JSON"));
        (await client.PublishAsync("devices/refused/telemetry", "x", MqttQualityOfServiceLevel.ExactlyOnce)).ReasonCode.ShouldBe(MqttClientPublishReasonCode.PayloadFormatInvalid);
    }

    [Fact]
    public async Task Refusal_ThatIsFinal_IsAcknowledgedToMqtt311_SoThatItGoesOn()
    {
        using var client = await Client.ConnectAsync(host, "poison", MqttProtocolVersion.V311);
        using var _ = Commit("poison", _ => Task.FromResult(PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, "not JSON")));
        (await client.PublishAsync("devices/poison/telemetry", "x")).IsSuccess.ShouldBeTrue();
        client.Mqtt.IsConnected.ShouldBeTrue();
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Failure_OfTheStore_IsNotAcknowledged_AndEndsTheConnection(MqttProtocolVersion version)
    {
        var name = $"failing-{(int)version}";
        using var client = await Client.ConnectAsync(host, name, version);
        using var _ = Commit(name, _ => Task.FromException<PublishOutcome>(new IOException("the database is away")));
        await Should.ThrowAsync<Exception>(() => client.PublishAsync($"devices/{name}/telemetry"));
        await client.Ended.SoonAsync();
    }

    [Fact]
    public async Task ExactlyOnce_RepeatedOnTheNextConnection_IsStoredOnce() // MQTT-4.3.3-10
    {
        var topic = "devices/once/telemetry";
        byte[] connect = RawClient.Packet(0x10, [0, 4, .. "MQTT"u8, 4, 0, 0, 0, .. RawClient.String("once")]);
        using (var first = await RawClient.OpenAsync(host, host.ClientPem("once")))
        {
            await first.SendAsync([.. connect, .. RawClient.Publish(topic, 5, 2, properties: [])]);
            (await first.ReadAsync())!.Value.Body.ShouldBe([0, 0]);
            (await first.ReadAsync())!.Value.First.ShouldBe((byte)0x50);
        }

        using var second = await RawClient.OpenAsync(host, host.ClientPem("once"));
        await second.SendAsync([.. connect, .. RawClient.Publish(topic, 5, 2, dup: true, properties: []), .. RawClient.Packet(0x62, [0, 5]), .. RawClient.Publish(topic, 5, 2, properties: [])]);
        // The session is present.
        (await second.ReadAsync())!.Value.Body.ShouldBe([1, 0]);
        List<int> answers = [];
        for (var i = 0; i < 3; i++)
        {
            answers.Add((await second.ReadAsync())!.Value.First >> 4);
        }

        answers.Order().ShouldBe([5, 5, 7]);
        // The first, and the one after PUBREL.
        host.Store.Of("once").Count.ShouldBe(2);
    }

    [Fact]
    public async Task KeepAlive_OfAClientThatOnlyPublishes_IsKept()
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("alive"));
        var connect = RawClient.Connect("alive", 4);
        connect[11] = 1;
        await client.SendAsync(connect);
        await client.ReadAsync();
        for (var i = 1; i <= 5; i++)
        {
            await Task.Delay(600);
            await client.SendAsync(RawClient.Publish("devices/alive/telemetry", (ushort)i, 1, properties: []));
            (await client.ReadAsync()).ShouldNotBeNull();
        }

        (await client.UntilEndAsync()).ShouldBeEmpty();
    }

    private IDisposable Commit(string name, Func<PublishedMessage, Task<PublishOutcome>> commit)
    {
        var before = host.Store.Commit;
        host.Store.Commit = message => message.Publisher.Name == name ? commit(message) : before(message);
        return new Restore(() => host.Store.Commit = before);
    }

    private sealed class Restore(Action restore) : IDisposable
    {
        public void Dispose() => restore();
    }
}
