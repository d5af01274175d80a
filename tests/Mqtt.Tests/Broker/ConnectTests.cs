using IoTPlatform.Mqtt.Tests.Support;
using IoTPlatform.Testing;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt.Tests.Broker;

public sealed class ConnectTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    [Fact]
    public async Task Connect_Mqtt5_IsToldItsLimits()
    {
        host.Limits["limits"] = new MqttLimits { InFlight = 7, PacketSize = 5000 };
        using var client = await Client.ConnectAsync(host, "limits", configure: o => o.WithSessionExpiryInterval(uint.MaxValue));
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        client.Connected.ReceiveMaximum.ShouldBe((ushort)7);
        client.Connected.MaximumPacketSize.ShouldBe(5000u);
        client.Connected.TopicAliasMaximum.ShouldBe((ushort)16);
        client.Connected.SessionExpiryInterval.ShouldBe(3600u);
        client.Connected.SharedSubscriptionAvailable.ShouldBeFalse();
    }

    [Fact]
    public async Task Connect_EmptyClientId_IsAssignedItsOwn()
    {
        using var client = await Client.ConnectAsync(host, "anonymous", clientId: "");
        client.Connected.AssignedClientIdentifier.ShouldBe("anonymous");
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Connect_OverWebSocket_Publishes(MqttProtocolVersion version)
    {
        var name = $"web-{(int)version}";
        using var client = await Client.ConnectAsync(host, name, version, webSocket: true);
        (await client.PublishAsync($"devices/{name}/telemetry")).IsSuccess.ShouldBeTrue();
        host.Store.Of(name).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Connect_ToHttpsWithAlpn_IsMqtt()
    {
        using var client = await Client.ConnectAsync(host, "negotiated", configure: o => o.WithTcpServer("localhost", host.HttpsPort));
        (await client.PublishAsync("devices/negotiated/telemetry")).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task Connect_WebSocketOfAnotherSubProtocol_IsNoMqtt()
    {
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        socket.Options.AddSubProtocol("chat");
        await Should.ThrowAsync<System.Net.WebSockets.WebSocketException>(() => socket.ConnectAsync(new Uri($"wss://localhost:{host.HttpsPort}/mqtt"), default));
    }

    [Theory]
    [InlineData(MqttConnectReasonCode.Banned)]
    [InlineData(MqttConnectReasonCode.BadUserNameOrPassword)]
    [InlineData(MqttConnectReasonCode.ServerUnavailable)]
    public async Task Refusal_OfTheAuthenticator_IsTold(MqttConnectReasonCode code)
    {
        var name = $"refused-{code}".ToLowerInvariant();
        host.Refused[name] = code;
        using var client = await Client.ConnectAsync(host, name);
        ((int)client.Connected.ResultCode).ShouldBe((int)code);
        client.Connected.ReasonString.ShouldBe("refused by the test");
    }

    [Fact]
    public async Task Failure_OfTheAuthenticator_IsServerUnavailable_AndTellsNothing()
    {
        host.OnAuthenticate = name => name == "failing" ? Task.FromException(new IOException("secret")) : Task.CompletedTask;
        using var client = await Client.ConnectAsync(host, "failing");
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.ServerUnavailable);
        client.Connected.ReasonString.ShouldNotContain("secret");
    }

    [Fact]
    public async Task TakeOver_BySameIdentity_EndsTheEarlierConnectionFirst()
    {
        using var first = await Client.ConnectAsync(host, "twice");
        using var second = await Client.ConnectAsync(host, "twice");
        (await first.Ended.SoonAsync()).ReasonString.ShouldBe("The same client has connected again.");
        (await second.PublishAsync("devices/twice/telemetry")).IsSuccess.ShouldBeTrue();
        host.Presence.Where(p => p.EndsWith("twice", StringComparison.Ordinal)).ShouldBe(["+twice", "-twice", "+twice"]);
    }

    [Fact]
    public async Task TakeOver_ManyTimesAtOnce_LeavesOne()
    {
        var pem = host.ClientPem("many");
        host.Limits["many"] = new MqttLimits();
        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                return await Client.ConnectAsync(host, "many", pem: pem);
            }
            catch (MqttCommunicationException)
            {
                return null;
            }
        }));
        await Waiting.UntilAsync(() => clients.Count(c => c?.Mqtt.IsConnected is true) == 1);
        host.Sessions.Connected.Count(name => name == "many").ShouldBe(1);
        (await host.Sessions.CloseAsync("many", MqttDisconnectReasonCode.NotAuthorized, "revoked")).ShouldBeTrue();
        await Waiting.UntilAsync(() => clients.All(c => c?.Mqtt.IsConnected is not true));
        foreach (var client in clients)
        {
            client?.Dispose();
        }
    }

    [Fact]
    public async Task Close_ByName_EndsTheConnectionWithTheReason_WithinASecond()
    {
        using var client = await Client.ConnectAsync(host, "revoked");
        var started = TimeProvider.System.GetTimestamp();
        (await host.Sessions.CloseAsync("revoked", MqttDisconnectReasonCode.NotAuthorized, "The device is revoked.")).ShouldBeTrue();
        var end = await client.Ended.SoonAsync();
        TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (end.Reason, end.ReasonString).ShouldBe((MqttClientDisconnectReason.NotAuthorized, "The device is revoked."));
        await Waiting.UntilAsync(() => host.Presence.Contains("-revoked"));
    }

    [Fact]
    public async Task Close_OfAnotherCertificate_LeavesTheConnection()
    {
        using var client = await Client.ConnectAsync(host, "renewed");
        (await host.Sessions.CloseAsync("renewed", MqttDisconnectReasonCode.NotAuthorized, "revoked", certificateSerial: "1")).ShouldBeFalse();
        client.Mqtt.IsConnected.ShouldBeTrue();
    }

    [Fact]
    public async Task Close_DuringAdmission_IsNotMissed()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        host.OnAuthenticate = async name =>
        {
            if (name == "racing" && asked.TrySetResult())
            {
                await answer.Task;
            }
        };
        var connecting = Client.ConnectAsync(host, "racing");
        await asked.Task.SoonAsync();
        // Found good before, revoked now, and there is no session yet to be closed.
        host.Refused["racing"] = MqttConnectReasonCode.NotAuthorized;
        await host.Sessions.CloseAsync("racing", MqttDisconnectReasonCode.NotAuthorized, "revoked");
        answer.SetResult();
        using var client = await connecting;
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [Fact]
    public async Task Expiry_OfTheCertificate_EndsTheConnection()
    {
        host.Expiry["expiring"] = TimeProvider.System.GetUtcNow().AddSeconds(1);
        using var client = await Client.ConnectAsync(host, "expiring");
        (await client.Ended.SoonAsync()).ReasonString.ShouldBe("The certificate has expired.");
    }

    [Fact]
    public async Task Connects_OfOneIdentity_AreLimited()
    {
        var pem = host.ClientPem("nervous");
        using var _ = host.Clock.Stop();
        var results = new List<MqttClientConnectResultCode>();
        for (var i = 0; i < 25; i++)
        {
            using var client = await Client.ConnectAsync(host, "nervous", pem: pem);
            results.Add(client.Connected.ResultCode);
        }

        results[..10].ShouldAllBe(code => code == MqttClientConnectResultCode.Success);
        results.ShouldContain(MqttClientConnectResultCode.ConnectionRateExceeded);
    }

    [Fact]
    public async Task Will_OfALostConnection_IsStored()
    {
        using var raw = await Client.ConnectAsync(host, "lost", configure: o => o.WithWillTopic("devices/lost/telemetry").WithWillPayload("gone").WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce));
        raw.Dispose();
        (await host.Store.FirstOfAsync("lost")).IsWill.ShouldBeTrue();
    }

    [Fact]
    public async Task Will_AfterDisconnect_IsNot()
    {
        using var client = await Client.ConnectAsync(host, "polite", configure: o => o.WithWillTopic("devices/polite/telemetry").WithWillPayload("gone"));
        await client.Mqtt.DisconnectAsync();
        await Waiting.UntilAsync(() => host.Presence.Contains("-polite"));
        host.Store.Of("polite").ShouldBeEmpty();
    }

    [Fact]
    public async Task Will_Delayed_IsSuppressedWhenTheClientIsBackInTime() // MQTT-3.1.3-9
    {
        using (var client = await Client.ConnectAsync(host, "back", configure: Configure))
        {
        }

        await Waiting.UntilAsync(() => host.Presence.Contains("-back"));
        using var again = await Client.ConnectAsync(host, "back", configure: o => o.WithCleanStart(false));
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        host.Store.Of("back").ShouldBeEmpty();

        static void Configure(MqttClientOptionsBuilder options) =>
            options.WithWillTopic("devices/back/telemetry").WithWillPayload("gone").WithWillDelayInterval(1).WithSessionExpiryInterval(60);
    }

    [Fact]
    public async Task Will_Delayed_OfAClientThatIsRevokedMeanwhile_IsNot()
    {
        using (await Client.ConnectAsync(host, "late", configure: o => o.WithWillTopic("devices/late/telemetry").WithWillPayload("gone").WithWillDelayInterval(1).WithSessionExpiryInterval(60)))
        {
        }

        await Waiting.UntilAsync(() => host.Presence.Contains("-late"));
        await host.Sessions.CloseAsync("late", MqttDisconnectReasonCode.NotAuthorized, "revoked");
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        host.Store.Of("late").ShouldBeEmpty();
    }

    [Fact]
    public async Task Will_OfAClientThatWasRevoked_IsNot()
    {
        using var client = await Client.ConnectAsync(host, "silenced", configure: o => o.WithWillTopic("devices/silenced/telemetry").WithWillPayload("gone"));
        await host.Sessions.CloseAsync("silenced", MqttDisconnectReasonCode.NotAuthorized, "revoked");
        await Waiting.UntilAsync(() => host.Presence.Contains("-silenced"));
        host.Store.Of("silenced").ShouldBeEmpty();
    }
}
