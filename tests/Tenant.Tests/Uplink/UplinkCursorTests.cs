using IoTPlatform.Tenant.Features.Uplink;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Uplink;

/// <summary>What waits to go up, and how far it went, on a real database.</summary>
public sealed class UplinkCursorTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Day = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private TestDatabase _database = null!;
    private UplinkCursor _cursor = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        _cursor = new UplinkCursor(_database.DataSource, TimeProvider.System);
        await _database.ExecuteAsync("CREATE TABLE tenant.telemetry_20261127 PARTITION OF tenant.telemetry FOR VALUES FROM ('2026-11-27T00:00:00Z') TO ('2026-11-28T00:00:00Z')");
        await _database.ExecuteAsync("CREATE TABLE tenant.telemetry_20261128 PARTITION OF tenant.telemetry FOR VALUES FROM ('2026-11-28T00:00:00Z') TO ('2026-11-29T00:00:00Z')");
        // Every third is an event, and every fifth was measured the day before.
        await _database.ExecuteAsync(
            """
            INSERT INTO tenant.telemetry (device_id, sent_at, identity, received_at, topic, payload)
            SELECT 'd', $1 + make_interval(mins => i, days => CASE WHEN i % 5 = 0 THEN -1 ELSE 0 END), decode(lpad(to_hex(i), 32, '0'), 'hex'), $1 + make_interval(mins => i),
              CASE WHEN i % 3 = 0 THEN 'events/d' ELSE 'telemetry/d' END, json_build_object('n', i)
            FROM generate_series(1, 30) AS i ORDER BY i
            """, Day);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Next_IsInTheOrderOfCommitsAcrossPartitions_AndOfItsStream()
    {
        var first = await _cursor.NextAsync(UplinkStream.Telemetry, 0, 7, default);
        var rest = await _cursor.NextAsync(UplinkStream.Telemetry, first[^1].Sequence, 100, default);

        first.Concat(rest).Select(message => message.Sequence).ShouldBe(Enumerable.Range(1, 30).Where(i => i % 3 != 0).Select(i => (long)i));
        (await _cursor.NextAsync(UplinkStream.Events, 0, 100, default)).Select(message => message.Sequence).ShouldBe(Enumerable.Range(1, 10).Select(i => 3L * i));
    }

    [SkippableFact]
    public async Task Move_AfterItWasPutBack_DoesNotUndoThat()
    {
        (await _cursor.MoveAsync(UplinkStream.Telemetry, 0, 20, default)).ShouldBeTrue();

        await _cursor.PutBackAsync(Day.AddMinutes(10), "test", null, default);

        (await _cursor.ReadAsync(UplinkStream.Telemetry, default)).ShouldBe(9);
        (await _cursor.MoveAsync(UplinkStream.Telemetry, 20, 25, default)).ShouldBeFalse();
        (await _cursor.ReadAsync(UplinkStream.Events, default)).ShouldBe(0);
        (await _cursor.WaitingAsync(default)).ShouldBe((24, Day.AddMinutes(3)));
    }

    [SkippableFact]
    public async Task PutBack_ToWhatWasNotSentYetOrNeverCame_ChangesNothing()
    {
        await _cursor.MoveAsync(UplinkStream.Telemetry, 0, 5, default);

        await _cursor.PutBackAsync(Day.AddMinutes(20), "test", null, default);
        await _cursor.PutBackAsync(Day.AddDays(1), "test", null, default);

        (await _cursor.ReadAsync(UplinkStream.Telemetry, default)).ShouldBe(5);
    }
}
