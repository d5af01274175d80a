using IoTPlatform.Tenant.Features.Uplink;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet;
using NSubstitute;

namespace IoTPlatform.Tenant.Tests.Uplink;

/// <summary>In which order stored messages are published, from a real database to a client that acknowledges at once.</summary>
public sealed class UplinkSenderTests : IAsyncLifetime
{
    private const string Insert =
        """
        INSERT INTO tenant.telemetry (device_id, sent_at, identity, received_at, topic, payload)
        SELECT 'd', $1 + make_interval(secs => i), decode(lpad(to_hex(i), 32, '0'), 'hex'), $1, $2, '{}' FROM generate_series(1, $3) AS i ORDER BY i
        """;

    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private readonly List<string> _published = [];
    private TestDatabase _database = null!;
    private UplinkSender _sender = null!;
    private Func<Task> _afterTheFirst = () => Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        await _database.ExecuteAsync("CREATE TABLE tenant.telemetry_20261128 PARTITION OF tenant.telemetry FOR VALUES FROM ('2026-11-28T00:00:00Z') TO ('2026-11-29T00:00:00Z')");
        var client = Substitute.For<IMqttClient>();
        client.PublishAsync(Arg.Any<MqttApplicationMessage>(), Arg.Any<CancellationToken>()).Returns(call => PublishAsync(call.Arg<MqttApplicationMessage>().Topic));
        _sender = new UplinkSender(
            new UplinkConnection(client, new MqttClientConnectResult()), new UplinkCursor(_database.DataSource, TimeProvider.System), UplinkOptions.Everything, new UplinkMetrics(), NullLogger.Instance);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Send_EventsAndState_GoBeforeTelemetryThatWasStoredEarlier()
    {
        await _database.ExecuteAsync(Insert, Noon, "telemetry/d", 3);
        await _database.ExecuteAsync(Insert, Noon.AddHours(1), "events/d", 2);
        await _database.ExecuteAsync(Insert, Noon.AddHours(2), "status/d", 1);

        (await _sender.SendAsync(default)).ShouldBeTrue();
        (await _sender.SendAsync(default)).ShouldBeFalse();

        _published.ShouldBe(["events/d", "events/d", "status/d", "telemetry/d", "telemetry/d", "telemetry/d"]);
        (await _database.ScalarAsync<string>("SELECT events || ' ' || telemetry FROM tenant.uplink")).ShouldBe("6 3");
    }

    [SkippableFact]
    public async Task Send_AnEventThatComesBehindMuchTelemetry_WaitsForOnePageOfIt()
    {
        await _database.ExecuteAsync(Insert, Noon, "telemetry/d", 2000);
        _afterTheFirst = () => _database.ExecuteAsync(Insert, Noon.AddHours(1), "events/d", 1);

        await _sender.SendAsync(default);

        _published.Count.ShouldBe(2001);
        _published.IndexOf("events/d").ShouldBe(512);
    }

    private async Task<MqttClientPublishResult> PublishAsync(string topic)
    {
        _published.Add(topic);
        if (_published.Count == 1)
        {
            await _afterTheFirst();
        }

        return new MqttClientPublishResult(1, MqttClientPublishReasonCode.Success, null, []);
    }
}
