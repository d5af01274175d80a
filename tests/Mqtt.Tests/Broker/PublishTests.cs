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

    [Fact]
    public async Task Publish_OfOneClient_IsPipelined()
    {
        const int Messages = 200;
        host.Limits["fast"] = new MqttLimits { MessagesPerSecond = 100_000, InFlight = Messages };
        using var client = await RawClient.OpenAsync(host, host.ClientPem("fast"));
        var (stored, all) = (0, new TaskCompletionSource());
        // No commit before all are with the store.
        using var _ = Commit("fast", async _ =>
        {
            if (Interlocked.Increment(ref stored) == Messages)
            {
                all.SetResult();
            }

            await all.Task;
            return PublishOutcome.Stored;
        });
        await client.SendAsync([.. RawClient.Connect("fast", 4), .. Enumerable.Range(1, Messages).SelectMany(id => RawClient.Publish("devices/fast/telemetry", (ushort)id, 1, properties: []))]);
        await client.ReadAsync();
        for (var id = 1; id <= Messages; id++)
        {
            (await client.ReadAsync())!.Value.Body.ShouldBe([(byte)(id >> 8), (byte)id]);
        }
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
    public async Task ExactlyOnce_RepeatedOnAConnectionThatTakesOver_IsStoredOnce() // MQTT-4.3.3-10
    {
        const string Name = "half-open";
        byte[] connect = RawClient.Packet(0x10, [0, 4, .. "MQTT"u8, 4, 0, 0, 0, .. RawClient.String(Name)]);
        using var first = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await first.SendAsync([.. connect, .. RawClient.Publish($"devices/{Name}/telemetry", 5, 2, properties: [])]);
        await first.ReadAsync();
        (await first.ReadAsync())!.Value.First.ShouldBe((byte)0x50);

        // The first connection is open still.
        using var second = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await second.SendAsync([.. connect, .. RawClient.Publish($"devices/{Name}/telemetry", 5, 2, dup: true, properties: [])]);
        (await second.ReadAsync())!.Value.Body.ShouldBe([1, 0]);
        (await second.ReadAsync())!.Value.First.ShouldBe((byte)0x50);
        host.Store.Of(Name).Count.ShouldBe(1);
    }

    [Fact]
    public async Task AtLeastOnce_RepeatedBeforeItsAcknowledgement_IsStoredOnce()
    {
        const string Name = "again";
        var committed = new TaskCompletionSource<PublishOutcome>();
        using var _ = Commit(Name, _ => committed.Task);
        byte[] connect = RawClient.Packet(0x10, [0, 4, .. "MQTT"u8, 4, 0, 0, 0, .. RawClient.String(Name)]);
        using (var first = await RawClient.OpenAsync(host, host.ClientPem(Name)))
        {
            await first.SendAsync([.. connect, .. RawClient.Publish($"devices/{Name}/telemetry", 7, 1, properties: [])]);
            await first.ReadAsync();
            await host.Store.FirstOfAsync(Name);
        }

        using var second = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await second.SendAsync([.. connect, .. RawClient.Publish($"devices/{Name}/telemetry", 7, 1, dup: true, properties: [])]);
        await second.ReadAsync();
        committed.SetResult(PublishOutcome.Stored);
        (await second.ReadAsync())!.Value.First.ShouldBe((byte)0x40);
        host.Store.Of(Name).Count.ShouldBe(1);
    }

    /// <summary>The first transmission of the second message was lost: its identifier was used before.</summary>
    [Fact]
    public async Task AtLeastOnce_DuplicateOfWhatWasNeverReceived_IsStored()
    {
        const string Name = "lost";
        using var client = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await client.SendAsync([.. RawClient.Connect(Name, 4), .. RawClient.Publish($"devices/{Name}/telemetry", 1, 1, properties: [])]);
        await client.ReadAsync();
        await client.ReadAsync();
        await client.SendAsync(RawClient.Publish($"devices/{Name}/telemetry", 1, 1, dup: true, properties: []));
        (await client.ReadAsync())!.Value.First.ShouldBe((byte)0x40);
        host.Store.Of(Name).Count.ShouldBe(2);
    }

    [Fact]
    public async Task ExactlyOnce_Refused_LeavesItsIdentifierFree() // MQTT 5 section 4.3.3
    {
        const string Name = "refused-once";
        host.Limits[Name] = new MqttLimits { InFlight = 3 };
        using var client = await RawClient.OpenAsync(host, host.ClientPem(Name));
        using var _ = Commit(Name, _ => Task.FromResult(PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, "not JSON")));
        await client.SendAsync(RawClient.Connect(Name));
        await client.ReadAsync();
        for (ushort id = 1; id <= 5; id++)
        {
            await client.SendAsync(RawClient.Publish($"devices/{Name}/telemetry", id, 2));
            (await client.ReadAsync())!.Value.First.ShouldBe((byte)0x50);
        }
    }

    [Fact]
    public async Task AtMostOnce_DoesNotCountAgainstReceiveMaximum() // MQTT-3.3.4-9
    {
        const string Name = "uncounted";
        host.Limits[Name] = new MqttLimits { InFlight = 4 };
        var committed = new TaskCompletionSource<PublishOutcome>();
        using var _ = Commit(Name, _ => committed.Task);
        using var client = await RawClient.OpenAsync(host, host.ClientPem(Name));
        await client.SendAsync([
            .. RawClient.Connect(Name), .. Enumerable.Range(0, 4).SelectMany(_ => RawClient.Publish($"devices/{Name}/telemetry", 0, 0)), .. RawClient.Publish($"devices/{Name}/telemetry", 1, 1),
        ]);
        await client.ReadAsync();
        await Waiting.UntilAsync(() => host.Store.Of(Name).Count == 4);
        committed.SetResult(PublishOutcome.Stored);
        (await client.ReadAsync())!.Value.First.ShouldBe((byte)0x40);
    }

    [Fact]
    public async Task KeepAlive_OfAClientThatOnlyPublishes_IsKept()
    {
        using var client = await RawClient.OpenAsync(host, host.ClientPem("alive"));
        var connect = RawClient.Connect("alive", 4);
        connect[11] = 1;
        await client.SendAsync(connect);
        await client.ReadAsync();
        for (var i = 1; i <= 30; i++)
        {
            await Task.Delay(100);
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
