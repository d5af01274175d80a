using System.Text;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.Telemetry;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Tenant.Tests.Telemetry;

/// <summary>Messages whose senders wait for the commit, on a real database.</summary>
public sealed class TelemetryIntakeTests : IAsyncLifetime
{
    private readonly IngestMetrics _metrics = new();
    private TestDatabase _database = null!;
    private TelemetryIntake _intake = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        _intake = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync(_intake);
        await _database.DisposeAsync();
        _metrics.Dispose();
    }

    public static TheoryData<string, string?> Payloads => new()
    {
        { "not json", TelemetryRefusal.NotJson },
        { "", TelemetryRefusal.NotJson },
        { """{"v":NaN}""", TelemetryRefusal.NotJson },
        { "21.5", TelemetryRefusal.NotAnObject },
        { "MEGABYTE", TelemetryRefusal.TooLong },
        { "INVALID UTF-8", TelemetryRefusal.NotJson },
        { """{"v":"\u0000"}""", TelemetryRefusal.NotText },
        { """{"timestamp":"2999-01-01T00:00:00Z"}""", TelemetryRefusal.Future },
        { """{"timestamp":"1970-01-01T00:00:00Z"}""", TelemetryRefusal.TooOld },
        { """{"timestamp":"2026-11-21T00:00:00Z","timestamp":"2026-11-21T00:00:00Z"}""", TelemetryRefusal.Timestamp },
        { "DEEP", TelemetryRefusal.TooDeep },
        { "{}", null },
        { """{"v":1,"v":2}""", null },
        { "THOUSANDS OF KEYS", null },
    };

    [SkippableTheory]
    [MemberData(nameof(Payloads))]
    public async Task Store_AnyPayload_HasItsFateAndBreaksNoNeighbour(string payload, string? refusal)
    {
        var bytes = payload switch
        {
            "MEGABYTE" => Encoding.UTF8.GetBytes("{\"v\":\"" + new string('x', 1024 * 1024) + "\"}"),
            "INVALID UTF-8" => [.. "{\"v\":\""u8, 0xC3, 0x28, .. "\"}"u8],
            "DEEP" => Encoding.UTF8.GetBytes("{\"v\":" + new string('[', 64) + new string(']', 64) + "}"),
            "THOUSANDS OF KEYS" => Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"k{i}\":{i}")) + "}"),
            _ => Encoding.UTF8.GetBytes(payload),
        };

        var neighbours = Enumerable.Range(0, 20).Select(i => StoreAsync($"telemetry/pump-{i}", """{"v":1}""")).ToList();
        var fate = _intake.Open("acme").StoreAsync("telemetry/d", bytes, default);

        (await fate).ShouldBe(refusal);
        (await Task.WhenAll(neighbours)).ShouldAllBe(outcome => outcome == null);
        (await _database.ScalarAsync<long>("SELECT count(*) FROM tenant.telemetry WHERE device_id LIKE 'pump-%'")).ShouldBe(20);
        (await _database.ScalarAsync<string>("SELECT payload::text FROM tenant.telemetry WHERE device_id = 'd'")).ShouldBe(refusal is null ? Encoding.UTF8.GetString(bytes) : null);
    }

    [SkippableFact]
    public async Task Store_RowThatTheDatabaseRefuses_IsRefusedAlone()
    {
        await _database.ExecuteAsync("ALTER TABLE tenant.telemetry ADD CHECK (payload->>'poison' IS NULL)");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => StoreAsync("telemetry/pump", i == 50 ? """{"poison":1}""" : $$"""{"n":{{i}}}""")));

        outcomes[50].ShouldBe(TelemetryRefusal.NotStorable);
        outcomes.Count(outcome => outcome is null).ShouldBe(99);
        (await CountAsync()).ShouldBe(99);
    }

    [SkippableFact]
    public async Task Store_LongerThanTheProviderTakesWithATimestamp_IsRefused()
    {
        var longest = "{\"v\":\"" + new string('x', TelemetryFormat.LongestFromDevice - "{'v':''}".Length) + "\"}";

        (await StoreAsync("telemetry/d", longest)).ShouldBeNull();
        (await StoreAsync("telemetry/d", longest + " ")).ShouldBe(TelemetryRefusal.TooLong);
    }

    [SkippableFact]
    public async Task Store_TheSameReadingTwice_IsOneRowWithATimestampAndTwoWithoutOne()
    {
        var timed = $$"""{"v":1,"timestamp":"{{TimeProvider.System.GetUtcNow():O}}"}""";

        foreach (var payload in new[] { timed, timed, """{"v":1}""", """{"v":1}""" })
        {
            (await StoreAsync("telemetry/d", payload)).ShouldBeNull();
        }

        (await CountAsync()).ShouldBe(3);
    }

    [SkippableFact]
    public async Task Connection_Ended_StoresWhatCameOnceOnly()
    {
        var connection = _intake.OpenConnection("acme");
        connection.Dispose();

        await Should.ThrowAsync<IOException>(() => connection.StoreAsync("telemetry/d", """{"v":1}"""u8, comesAgain: true, default));
        (await connection.StoreAsync("telemetry/d", """{"v":2}"""u8, comesAgain: false, default)).ShouldBeNull();
        (await _database.ScalarAsync<string>("SELECT string_agg(payload->>'v', '') FROM tenant.telemetry")).ShouldBe("2");
    }

    [SkippableTheory]
    [InlineData("events/d/door")]
    [InlineData("status/d")]
    public async Task Store_EventsAndState_AreStoredToo(string topic)
    {
        (await StoreAsync(topic, """{"v":1}""")).ShouldBeNull();

        (await _database.ScalarAsync<string>("SELECT topic FROM tenant.telemetry WHERE device_id = 'd'")).ShouldBe(topic);
    }

    [SkippableFact]
    public async Task State_IsTheNewestByItsOwnTime_WhateverComesLast()
    {
        var now = TimeProvider.System.GetUtcNow();
        await Task.WhenAll(new[] { 1, 3, 2 }.Select(i => StoreAsync("status/d", $$"""{"v":{{i}},"timestamp":"{{now.AddSeconds(i):O}}"}""")));
        await StoreAsync("status/d", $$"""{"v":0,"timestamp":"{{now:O}}"}""");

        var state = await new DeviceStates(_database.DataSource).FindAsync("d", default);

        state!.Payload.GetProperty("v").GetInt32().ShouldBe(3);
        (await new DeviceStates(_database.DataSource).FindAsync("other", default)).ShouldBeNull();
    }

    /// <summary>A statement of a writer that was killed may still run: what it commits later must not be behind what a reader has seen.</summary>
    [SkippableFact]
    public async Task Sequence_StatementOfADeadWriterStillRuns_IsWaitedFor()
    {
        (await StoreAsync("telemetry/d", """{"n":0}""")).ShouldBeNull();
        await using var dead = await _database.DataSource.OpenConnectionAsync();
        await using var transaction = await dead.BeginTransactionAsync();
        await using (var statement = new Npgsql.NpgsqlCommand(TenantTelemetry.Table.Insert, dead, transaction))
        {
            var at = TelemetryParser.ToMicroseconds(TimeProvider.System.GetUtcNow());
            foreach (var value in new object[] { new[] { "acme" }, new[] { "d" }, new[] { at }, new[] { new byte[16] }, new[] { at }, new[] { "telemetry/d" } })
            {
                statement.Parameters.Add(new() { Value = value });
            }

            statement.Parameters.Add(new() { Value = new[] { """{"n":1}""" }, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Json });
            statement.Parameters.Add(new() { Value = new[] { "acme" } });
            await statement.ExecuteNonQueryAsync();
        }

        var next = StoreAsync("telemetry/d", """{"n":2}""");
        await Task.Delay(TimeSpan.FromMilliseconds(100));
        next.IsCompleted.ShouldBeFalse();
        await transaction.CommitAsync();
        (await next).ShouldBeNull();

        (await _database.ScalarAsync<string>("SELECT string_agg(payload->>'n', '' ORDER BY sequence) FROM tenant.telemetry")).ShouldBe("012");
    }

    [SkippableFact]
    public async Task Stop_WhileMessagesWait_EachIsStoredOrFails()
    {
        var waiting = Enumerable.Range(0, 500).Select(i => StoreAsync("telemetry/d", $$"""{"n":{{i}}}""")).ToList();
        await StopAsync(_intake);

        var late = StoreAsync("telemetry/d", """{"late":1}""");

        await Should.ThrowAsync<IOException>(late);
        var stored = 0;
        foreach (var outcome in waiting)
        {
            try
            {
                (await outcome).ShouldBeNull();
                stored++;
            }
            catch (IOException)
            {
            }
        }

        (await CountAsync()).ShouldBeGreaterThanOrEqualTo(stored);
    }

    [SkippableFact]
    public async Task Stop_BeforeTheWriterBegan_WhatWaitsFails()
    {
        await StopAsync(_intake);
        _intake = Create();
        var waiting = StoreAsync("telemetry/d", """{"n":1}""");

        await _intake.StopAsync(default);

        await Should.ThrowAsync<IOException>(waiting);
        await Should.ThrowAsync<IOException>(StoreAsync("telemetry/d", """{"late":1}"""));
    }

    private Task<string?> StoreAsync(string topic, string payload) => _intake.Open("acme").StoreAsync(topic, Encoding.UTF8.GetBytes(payload), default);

    private Task<long> CountAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM tenant.telemetry");

    private async Task<TelemetryIntake> StartAsync()
    {
        var intake = Create();
        await intake.StartAsync(default);
        return intake;
    }

    private TelemetryIntake Create()
    {
        var partitions = new TelemetryPartitions(_database.DataSource, TenantTelemetry.Table);
        var store = new TelemetryStore(_database.DataSource, TenantTelemetry.Table, partitions, TimeProvider.System);
        return new TelemetryIntake(store, TenantTelemetry.Limit(new TelemetryOptions()), _metrics, TimeProvider.System, NullLogger<TelemetryIntake>.Instance);
    }

    private static async Task StopAsync(TelemetryIntake intake)
    {
        await intake.StopAsync(default);
        intake.Dispose();
    }
}
