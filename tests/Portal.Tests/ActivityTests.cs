using IoTPlatform.Portal.Live;
using IoTPlatform.Portal.Pages;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Testing;

namespace IoTPlatform.Portal.Tests;

/// <summary>What the charts of the overview are drawn from.</summary>
public sealed class ActivityTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Entries_AreCountedOnce_WhoeverCounts_AndOthersAreNot()
    {
        var actions = new HourlyActions(_database.DataSource);
        await AppendAsync("certificate.issued", 25_000);
        await AppendAsync("certificate.revoked", 3);
        await AppendAsync("login.succeeded", 7);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (await actions.CountAsync(default))
            {
            }
        }));
        while (await actions.CountAsync(default))
        {
        }

        (await CountedAsync(actions)).ShouldBe(new Dictionary<string, long> { ["certificate.issued"] = 25_000, ["certificate.revoked"] = 3 }, ignoreOrder: true);
        await AppendAsync("certificate.issued", 1);
        await actions.CountAsync(default);
        (await CountedAsync(actions))["certificate.issued"].ShouldBe(25_001);
        (await actions.ReadAsync(TimeProvider.System.GetUtcNow().AddDays(1), default)).ShouldBeEmpty();
    }

    [Fact]
    public void Slots_HaveTheHoursThatBeganInThem()
    {
        var from = new DateTimeOffset(2026, 6, 1, 1, 0, 0, TimeSpan.Zero);

        var slots = ActivityCard.Slotted([new(from.AddHours(-1), "a", 100), new(from, "a", 1), new(from.AddHours(5), "a", 2), new(from.AddHours(6), "a", 4), new(from.AddHours(167), "a", 8), new(from.AddHours(168), "a", 100)], from);

        slots.Length.ShouldBe(28);
        (slots[0], slots[1], slots[27], slots.Sum()).ShouldBe((3, 4, 8, 15));
    }

    [Fact]
    public void Rates_AreOfTheLastHour_ByTheMinute()
    {
        var time = new FakeTime();
        using var rates = new MessageRates(time);
        using var metrics = new IngestMetrics();
        var before = rates.Read().Sum();

        metrics.Stored(5, 5);
        time.Advance(TimeSpan.FromMinutes(1));
        metrics.Stored(7, 9);

        rates.Read().Count.ShouldBe(MessageRates.Minutes);
        (rates.Read().Sum() - before).ShouldBeGreaterThanOrEqualTo(12);
        rates.Read()[^1].ShouldBeGreaterThanOrEqualTo(7);
        time.Advance(TimeSpan.FromHours(2));
        rates.Read().Sum().ShouldBe(0);
    }

    private Task AppendAsync(string action, int count) => _database.ExecuteAsync(
        "SELECT audit.append_many(array_fill('test'::text, ARRAY[$2]), array_fill($1, ARRAY[$2]), array_fill('x'::text, ARRAY[$2]), array_fill('{}'::text, ARRAY[$2]))", action, count);

    private static async Task<Dictionary<string, long>> CountedAsync(HourlyActions actions) =>
        (await actions.ReadAsync(DateTimeOffset.UnixEpoch, default)).GroupBy(h => h.Action).ToDictionary(g => g.Key, g => g.Sum(h => h.Count));
}
