using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Features.Telemetry;
using IoTPlatform.Telemetry;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Provider.Tests.Telemetry;

/// <summary>Batches, partitions and retention on a real database.</summary>
public sealed class TelemetryStoreTests : IAsyncLifetime
{
    private readonly FakeTime _time = new(new DateTimeOffset(2026, 11, 21, 13, 0, 0, TimeSpan.Zero));
    private TestDatabase _database = null!;
    private TelemetryPartitions _partitions = null!;
    private TelemetryStore _store = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(Program).Assembly);
        await _database.ExecuteAsync("INSERT INTO provider.tenants (tenant_id, display_name, status, dns_domains, created_at) VALUES ('acme', 'Acme', 'active', '{}', now()), ('leaving', 'L', 'removing', '{}', now())");
        _partitions = new TelemetryPartitions(_database.DataSource, ProviderTelemetry.Table);
        _store = new TelemetryStore(_database.DataSource, ProviderTelemetry.Table, _partitions, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisconnectAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Store_TheSameMessagesAgain_StoresThemOnce()
    {
        var batch = new[] { Message(1, "2026-11-21T12:00:00Z"), Message(2, "2026-11-20T12:00:00Z"), Message(1, "2026-11-21T12:00:00Z") };

        (await _store.StoreAsync(batch, default)).ShouldBe(2);
        (await _store.StoreAsync(batch, default)).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Store_TenantBeingRemovedOrUnknown_StoresTheOthersOnly()
    {
        (await _store.StoreAsync([Message(1, tenant: "leaving"), Message(2), Message(3, tenant: "unknown")], default)).ShouldBe(1);

        (await _database.ScalarAsync<string>("SELECT string_agg(tenant_id, ',') FROM provider.telemetry")).ShouldBe("acme");
    }

    [SkippableTheory]
    [InlineData("""{"not a character":"\uffff","emoji":"\ud83c\udf0a"}""")]
    [InlineData("""{"big":1e999999,"long":123456789012345678901234567890.123456789012345678901234567890}""")]
    [InlineData("""{"twice":1,"twice":2}""")]
    public async Task Store_JsonThatJsonbWouldRefuseOrChange_ComesBackAsItWasSent(string payload)
    {
        await _store.StoreAsync([Message(payload)], default);

        (await _database.ScalarAsync<string>("SELECT payload::text FROM provider.telemetry")).ShouldBe(payload);
    }

    [SkippableFact]
    public async Task LastStored_KnowsOnlyMessagesWithoutATimestamp()
    {
        await _store.StoreAsync([Message(1, "2026-11-21T12:59:00Z"), Message(2), Message(3)], default);

        (await _store.LastStoredAsync(Message(0), DateTimeOffset.MinValue, 10, default)).Count.ShouldBe(2);
        (await _store.LastStoredAsync(Message(0), DateTimeOffset.MinValue, 1, default)).Count.ShouldBe(1);
        (await _store.LastStoredAsync(Message(0, tenant: "other"), DateTimeOffset.MinValue, 10, default)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Keep_MakesTheNextDaysAndDropsWholeDaysOutOfRetention()
    {
        await _store.StoreAsync([Message(1, "2026-11-20T00:00:00Z"), Message(2, "2026-11-19T23:59:59.999999Z"), Message(3)], default);
        using var keeper = new PartitionKeeper(_partitions, new TelemetryOptions { Retention = TimeSpan.FromDays(1) }, _time, NullLogger<PartitionKeeper>.Instance);

        await keeper.KeepAsync(default);

        (await PartitionsAsync()).ShouldBe("telemetry_20261120 telemetry_20261121 telemetry_20261122 telemetry_20261123");
        (await _database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry")).ShouldBe(2);
        _time.Advance(TimeSpan.FromDays(1));
        await keeper.KeepAsync(default);
        (await PartitionsAsync()).ShouldBe("telemetry_20261121 telemetry_20261122 telemetry_20261123 telemetry_20261124");
    }

    [SkippableFact]
    public async Task Store_PartitionWasDroppedMeanwhile_MakesItAgain()
    {
        await _store.StoreAsync([Message(1, "2026-11-20T10:00:00Z")], default);
        await _partitions.DropBeforeAsync(new DateOnly(2026, 11, 21), default);

        (await _store.StoreAsync([Message(1, "2026-11-20T10:00:00Z")], default)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Store_ConnectionWasCut_FailsOnceAndWorksAgain()
    {
        await _store.StoreAsync([Message(1)], default);
        await _database.ExecuteAsSuperuserAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

        await Should.ThrowAsync<Npgsql.NpgsqlException>(() => _store.StoreAsync([Message(2)], default));
        (await _store.StoreAsync([Message(2)], default)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Read_PagesAndRanges_AnswerEachMessageOnceNewestFirst()
    {
        await _store.StoreAsync([.. Enumerable.Range(0, 25).Select(i => Message(i, i < 20 ? "2026-11-21T12:00:00Z" : $"2026-11-21T11:00:{i}Z", device: i % 2 == 0 ? "even" : "odd"))], default);
        var reader = new TelemetryReader(_database.DataSource, ProviderTelemetry.Table);
        var query = new TelemetryQuery("acme", null, null, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, null, 7);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            TelemetryCursor? after = null;
            (cursor is null || TelemetryCursor.TryParse(cursor, out after)).ShouldBeTrue();
            var page = await reader.ReadAsync(query with { After = after }, default);
            page.Items.Select(item => item.SentAt).ShouldBeInOrder(SortDirection.Descending);
            seen.AddRange(page.Items.Select(item => item.Payload.GetRawText()));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.Count.ShouldBe(25);
        seen.Distinct().Count().ShouldBe(25);
        (await reader.ReadAsync(query with { DeviceId = "odd", Limit = 50 }, default)).Items.Count.ShouldBe(12);
        (await reader.ReadAsync(query with { Before = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero), Limit = 50 }, default)).Items.Count.ShouldBe(5);
        (await reader.ReadAsync(query with { TenantId = "leaving", Limit = 50 }, default)).Items.ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("""{"v":"\ud800"}""", TelemetryRefusal.NotText)]
    [InlineData("""{"v":"\u0000"}""", TelemetryRefusal.NotText)]
    public async Task Read_RowFromBeforeThatWouldBeRefusedNow_IsListedAsTextWithTheReason(string payload, string reason)
    {
        await _store.StoreAsync([Message(1)], default);
        await _database.ExecuteAsync(
            "INSERT INTO provider.telemetry (tenant_id, device_id, sent_at, identity, received_at, topic, payload) SELECT tenant_id, 'old', sent_at, identity, received_at, topic, $1::json FROM provider.telemetry", payload);

        var page = await new TelemetryReader(_database.DataSource, ProviderTelemetry.Table).ReadAsync(new TelemetryQuery("acme", null, null, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, null, 7), default);

        var json = JsonSerializer.Deserialize(JsonSerializer.Serialize(page, TelemetryJson.Page), TelemetryJson.Page)!;
        var old = json.Items.Single(item => item.DeviceId == "old");
        old.Payload.GetString().ShouldBe(payload);
        old.PayloadProblem.ShouldBe(reason);
        json.Items.Single(item => item.DeviceId != "old").PayloadProblem.ShouldBeNull();
    }

    /// <summary>Case 14: the same number from ingest to the client's reading of the list.</summary>
    [SkippableTheory]
    [InlineData(13)]
    [InlineData(63)]
    public async Task Read_DeepPayload_IsListedAsItWasSent(int arrays)
    {
        var payload = "{\"v\":" + new string('[', arrays) + new string(']', arrays) + "}";
        await _store.StoreAsync([Message(payload)], default);

        var page = await new TelemetryReader(_database.DataSource, ProviderTelemetry.Table).ReadAsync(new TelemetryQuery("acme", null, null, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, null, 7), default);

        JsonSerializer.Deserialize(JsonSerializer.Serialize(page, TelemetryJson.Page), TelemetryJson.Page)!.Items.Single().Payload.GetRawText().ShouldBe(payload);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("__________________________________________")]
    public void Cursor_NotGivenOut_IsRefused(string text) => TelemetryCursor.TryParse(text, out _).ShouldBeFalse();

    private Task<string?> PartitionsAsync() =>
        _database.ScalarAsync<string>("SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'provider.telemetry'::regclass")
            .ContinueWith(t => t.Result?.Replace("provider.", "", StringComparison.Ordinal), TaskScheduler.Default);

    private TelemetryMessage Message(int number, string? timestamp = null, string tenant = "acme", string device = "pump-7") =>
        Message(timestamp is null ? $$"""{"n":{{number}}}""" : $$"""{"n":{{number}},"timestamp":"{{timestamp}}"}""", tenant, device);

    private TelemetryMessage Message(string payload, string tenant = "acme", string device = "pump-7")
    {
        _time.Advance(TimeSpan.FromMicroseconds(1));
        TelemetryParser.TryParse(tenant, $"telemetry.{device}.x", Encoding.UTF8.GetBytes(payload), _time.GetUtcNow(), new TelemetryOptions(), out var message, out var refusal).ShouldBeTrue(refusal);
        return message!;
    }
}
