using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Features.Telemetry;
using IoTPlatform.Provider.Portal;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Provider.Tests.Telemetry;

/// <summary>What several processes count is one rate.</summary>
public sealed class BridgeRatesTests : IAsyncLifetime
{
    private readonly FakeTime _time = new(new DateTimeOffset(2026, 11, 21, 13, 0, 0, TimeSpan.Zero));
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(Program).Assembly);
        await _database.ExecuteAsync(
            """
            INSERT INTO provider.tenants (tenant_id, display_name, status, dns_domains, created_at, bridge_up_since)
            VALUES ('acme', 'A', 'active', '{}', $1, $1), ('quiet', 'Q', 'active', '{}', $1, $1), ('off', 'O', 'active', '{}', $1, NULL)
            """, _time.GetUtcNow());
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Minutes_OfTwoProcesses_AddUp_AndTheRunningOneWaits()
    {
        using var one = new IngestMetrics();
        using var other = new IngestMetrics();
        var (first, second, rates) = (Process(one), Process(other), new BridgeRates(_database.DataSource, _time));

        one.Acknowledged("acme", 100);
        other.Acknowledged("acme", 20);
        await Task.WhenAll(first.FlushAsync(default), second.FlushAsync(default));
        one.Acknowledged("acme", 3);
        one.Acknowledged("off", 1);
        await first.FlushAsync(default);

        (await rates.ReadAsync(default)).Minute.ShouldBe(0, "the minute is not over");
        _time.Advance(TimeSpan.FromSeconds(70));
        var activity = await rates.ReadAsync(default);
        (activity.Connected, activity.Minute, activity.FiveMinutes).ShouldBe((2, 124, 124));
        activity.Busiest.ShouldBe([new("acme", _time.GetUtcNow().AddSeconds(-70), 123, 123), new("off", null, 1, 1), new("quiet", _time.GetUtcNow().AddSeconds(-70), 0, 0)]);
        _time.Advance(TimeSpan.FromMinutes(1));
        (await rates.ReadAsync(default)).ShouldSatisfyAllConditions(a => a.Minute.ShouldBe(0), a => a.FiveMinutes.ShouldBe(124));
        _time.Advance(TimeSpan.FromMinutes(5));
        (await rates.ReadAsync(default)).FiveMinutes.ShouldBe(0);
        var hour = await rates.ReadAsync("acme", default);
        (hour.Minutes.Count, hour.Minutes.Sum(), hour.Minutes[^7]).ShouldBe((60, 123, 123));
    }

    [SkippableFact]
    public async Task Flush_DatabaseAway_AddsItLater_AndForgetsWhatIsNoRateAnyMore()
    {
        using var metrics = new IngestMetrics();
        var (counter, rates) = (Process(metrics), new BridgeRates(_database.DataSource, _time));
        metrics.Acknowledged("acme", 7);
        await _database.ExecuteAsync("ALTER TABLE provider.bridge_minutes RENAME TO away");
        await Should.ThrowAsync<Npgsql.PostgresException>(() => counter.FlushAsync(default));
        _time.Advance(TimeSpan.FromMinutes(2));
        await Should.ThrowAsync<Npgsql.PostgresException>(() => counter.FlushAsync(default));
        await _database.ExecuteAsync("ALTER TABLE provider.away RENAME TO bridge_minutes");

        await counter.FlushAsync(default);
        await counter.FlushAsync(default);

        (await rates.ReadAsync("acme", default)).Minutes[^1].ShouldBe(7);
        _time.Advance(BridgeRates.Kept + TimeSpan.FromMinutes(3));
        await counter.FlushAsync(default);
        (await _database.ScalarAsync<long>("SELECT count(*) FROM provider.bridge_minutes")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Behind_IsWhoIsConnected_AndHasSaidNothingNewForAQuarterOfAnHour()
    {
        var rates = new BridgeRates(_database.DataSource, _time);
        await _database.ExecuteAsync("INSERT INTO provider.uplink_checkpoints VALUES ('acme', $1), ('off', $1), ('quiet', $2)", _time.GetUtcNow(), _time.GetUtcNow().AddMinutes(10));
        (await rates.BehindAsync(default)).ShouldBeEmpty();

        _time.Advance(TimeSpan.FromMinutes(16));

        (await rates.BehindAsync(default)).ShouldBe([("acme", _time.GetUtcNow().AddMinutes(-16))]);
        (await rates.ReadAsync("quiet", default)).SentUntil.ShouldBe(_time.GetUtcNow().AddMinutes(-6));
        (await rates.ReadAsync("none", default)).SentUntil.ShouldBeNull();
    }

    [Theory]
    [InlineData(0, 1, "none")]
    [InlineData(7, 1, "7 messages/min")]
    [InlineData(7, 5, "1.4 messages/min")]
    [InlineData(90, 1, "1.5 messages/s")]
    [InlineData(360_000, 5, "1,200 messages/s")]
    public void Rate_HasAUnit(long messages, int minutes, string text) => RateWords.Of(messages, minutes).ShouldBe(text);

    private BridgeRateCounter Process(IngestMetrics metrics) => new(_database.DataSource, metrics, _time, NullLogger<BridgeRateCounter>.Instance);
}
