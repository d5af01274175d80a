using System.Globalization;
using System.Text;
using IoTPlatform.Mqtt.Tests.Support;
using MQTTnet;
using MQTTnet.Formatter;

namespace IoTPlatform.Mqtt.Tests.Statistics;

/// <summary><c>$SYS</c>: for operators, and for no client besides.</summary>
public sealed class StatisticsTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    private const string Operator = "ann operator 600";

    [Theory]
    [InlineData(MqttProtocolVersion.V311, false)]
    [InlineData(MqttProtocolVersion.V500, true)]
    public async Task Operator_WhoSubscribes_HasTheStatistics(MqttProtocolVersion version, bool webSocket)
    {
        using var device = await Client.ConnectAsync(host, $"counted-{(int)version}");
        await device.PublishAsync($"devices/counted-{(int)version}/telemetry", "0123456789");
        using var reader = await ReaderAsync(Operator, version: version, webSocket: webSocket);
        await reader.SubscribeAsync("$SYS/#");

        var values = await ReadAsync(reader, "$SYS/broker/heap/current");

        values["$SYS/broker/version"].ShouldStartWith("IoTPlatform ");
        values["$SYS/broker/uptime"].ShouldMatch("^[0-9]+ seconds$");
        Number(values, "clients/connected").ShouldBeGreaterThanOrEqualTo(2);
        Number(values, "clients/maximum").ShouldBeGreaterThanOrEqualTo(2);
        Number(values, "messages/received").ShouldBeGreaterThanOrEqualTo(4);
        Number(values, "messages/sent").ShouldBeGreaterThanOrEqualTo(3);
        Number(values, "publish/messages/received").ShouldBeGreaterThanOrEqualTo(1);
        Number(values, "publish/bytes/received").ShouldBeGreaterThanOrEqualTo(10);
        Number(values, "bytes/received").ShouldBeGreaterThan(Number(values, "publish/bytes/received"));
        Number(values, "bytes/sent").ShouldBeGreaterThan(0);
        Number(values, "subscriptions/count").ShouldBeGreaterThanOrEqualTo(1);
        host.Presence.ShouldNotContain(client => client.Contains("SYS", StringComparison.Ordinal));
        host.Sessions.Connected.ShouldNotContain(client => client.Contains("SYS", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Operator_WhoSubscribesToSome_HasThoseOnly()
    {
        using var reader = await ReaderAsync(Operator);
        await reader.SubscribeAsync("$SYS/broker/clients/+");

        (await ReadAsync(reader, "$SYS/broker/clients/expired")).Keys.ShouldAllBe(topic => topic.StartsWith("$SYS/broker/clients/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ann viewer 600")]
    [InlineData("guessed")]
    [InlineData("")]
    public async Task Attack_AnotherTokenThanAnOperators_IsRefused(string token)
    {
        using var reader = await ReaderAsync(token);
        reader.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        host.Log.Text.ShouldNotContain("guessed");
    }

    [Fact]
    public async Task Operator_WhileTokensCannotBeChecked_IsToldToComeAgain()
    {
        using var reader = await ReaderAsync("away");
        reader.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.ServerUnavailable);
    }

    [Theory]
    [InlineData("#")]
    [InlineData("+/broker/uptime")]
    [InlineData("+/#")]
    [InlineData("$share/g/$SYS/#")]
    [InlineData("$SYSTEM/#")]
    [InlineData("devices/victim/commands/#")]
    public async Task Attack_AnOperatorWhoSubscribesToMore_IsRefused(string filter)
    {
        using var reader = await ReaderAsync(Operator);
        ((int)await reader.SubscribeAsync(filter)).ShouldBeGreaterThanOrEqualTo(0x80);
    }

    [Theory]
    [InlineData("$SYS/broker/uptime")]
    [InlineData("devices/victim/telemetry")]
    public async Task Attack_AnOperatorWhoPublishes_IsRefused(string topic)
    {
        using (var reader = await ReaderAsync(Operator))
        {
            (await reader.PublishAsync(topic)).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
        }

        using var willing = await ReaderAsync(Operator, configure: options => options.WithWillTopic(topic).WithWillPayload("x"));
        willing.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [Theory]
    [InlineData("$SYS/#")]
    [InlineData("$SYS/broker/uptime")]
    [InlineData("$SYS/+/uptime")]
    [InlineData("+/broker/uptime")]
    [InlineData("#")]
    [InlineData("$share/g/$SYS/#")]
    public async Task Attack_ADeviceThatSubscribes_IsRefused_AlsoWithAnOperatorsTokenBesideItsCertificate(string filter)
    {
        using var device = await Client.ConnectAsync(host, "device", configure: options => options.WithCredentials("$SYS", Operator));
        device.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        ((int)await device.SubscribeAsync(filter)).ShouldBeGreaterThanOrEqualTo(0x80);
        (await device.PublishAsync("$SYS/broker/uptime")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
    }

    [Fact]
    public async Task Operator_WithManyConnections_IsBounded_AndOthersAreNot()
    {
        var some = new List<Client>();
        try
        {
            for (var i = 0; i < 8; i++)
            {
                some.Add(await ReaderAsync("busy operator 600"));
                some[^1].Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
            }

            using var more = await ReaderAsync("busy operator 600");
            more.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.QuotaExceeded);
            using var other = await ReaderAsync("other operator 600");
            other.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        }
        finally
        {
            some.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Operator_WhoseTokenEnds_IsThrownOff()
    {
        using var reader = await ReaderAsync("brief operator 1");
        (await reader.Ended.SoonAsync()).Reason.ShouldBe(MqttClientDisconnectReason.NotAuthorized);
    }

    [Theory]
    [InlineData("with/slash")]
    [InlineData("#")]
    public async Task Attack_AnOperatorsClientIdWithOtherCharacters_IsRefused(string clientId)
    {
        using var reader = await ReaderAsync(Operator, clientId);
        reader.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.ClientIdentifierNotValid);
    }

    private Task<Client> ReaderAsync(string token, string clientId = "", MqttProtocolVersion version = MqttProtocolVersion.V500, bool webSocket = false, Action<MqttClientOptionsBuilder>? configure = null) =>
        Client.ConnectAsync(host, "nobody", version, clientId, options =>
        {
            options.WithCredentials("$SYS", token);
            configure?.Invoke(options);
        }, webSocket: webSocket, hasCertificate: false);

    /// <summary>Until this topic.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> ReadAsync(Client reader, string last)
    {
        var values = new Dictionary<string, string>();
        while (!values.ContainsKey(last))
        {
            var message = await reader.ReceiveAsync();
            values[message.Topic] = Encoding.UTF8.GetString(message.Payload);
        }

        return values;
    }

    private static long Number(IReadOnlyDictionary<string, string> values, string topic) => long.Parse(values["$SYS/broker/" + topic], CultureInfo.InvariantCulture);
}
