using System.Text.Json.Nodes;
using IoTPlatform.Database;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Database.Tests.Audit;

public sealed class AnonymousRefusalsTests : IAsyncLifetime
{
    private readonly FakeTime _time = new();
    private TestDatabase _database = null!;
    private AuditLog _audit = null!;
    private AnonymousRefusals _refusals = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync();
        _audit = new AuditLog(_database.DataSource);
        _refusals = new AnonymousRefusals(_audit, _time, NullLogger<AnonymousRefusals>.Instance);
    }

    public async Task DisposeAsync()
    {
        _refusals.Dispose();
        await _database.DisposeAsync();
    }

    [SkippableFact]
    public async Task Record_FiveHundredAddresses_TwoEntriesWithTheirNumber()
    {
        for (var i = 0; i < 500; i++)
        {
            await RefuseAsync($"192.0.2.{i}");
        }

        await RefuseAsync("192.0.2.7");
        (await EntriesAsync()).ShouldHaveSingleItem().Details.ShouldBe("""{"reason":"unknown","address":"192.0.2.0","key":"k"}""");

        await EndIntervalAsync();

        var entries = await EntriesAsync();
        entries.Count.ShouldBe(2);
        (entries[1].Actor, entries[1].Action, entries[1].Subject).ShouldBe(("anonymous", "key_refused", "unknown"));
        var details = JsonNode.Parse(entries[1].Details)!;
        ((int)details["count"]!).ShouldBe(500);
        ((int)details["addresses"]!).ShouldBe(499);
        ((int)details["most_from"]!["192.0.2.7"]!).ShouldBe(2);
        details["most_from"]!.AsObject().Count.ShouldBe(10);
        (await _audit.VerifyAsync(default)).Intact.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Record_AttackGoesOn_OneEntryAMinute()
    {
        for (var minute = 0; minute < 5; minute++)
        {
            for (var i = 0; i < 20; i++)
            {
                await RefuseAsync("192.0.2.1");
            }

            await EndIntervalAsync();
        }

        (await EntriesAsync()).Count.ShouldBe(6);
    }

    [SkippableFact]
    public async Task Record_AfterAQuietMinute_IsAnEntryOfItsOwnAgain()
    {
        await RefuseAsync("192.0.2.1");
        await EndIntervalAsync();
        await RefuseAsync("192.0.2.2");

        (await EntriesAsync()).Select(e => (string?)JsonNode.Parse(e.Details)!["address"]).ShouldBe(["192.0.2.1", "192.0.2.2"]);
    }

    [SkippableFact]
    public async Task Stop_WithinAnInterval_WritesTheCount()
    {
        await RefuseAsync("192.0.2.1");
        await RefuseAsync("192.0.2.1");

        await _refusals.StopAsync(default);

        (await EntriesAsync()).Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Record_DatabaseAway_IsCountedAndWrittenLater()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => _refusals.RecordAsync("key_refused", "unknown", "unknown", "192.0.2.1", cancelled.Token));

        await EndIntervalAsync();

        ((int)JsonNode.Parse((await EntriesAsync()).ShouldHaveSingleItem().Details)!["count"]!).ShouldBe(1);
    }

    private Task RefuseAsync(string address) => _refusals.RecordAsync("key_refused", "unknown", "unknown", address, default, ("key", "k"));

    private async Task EndIntervalAsync()
    {
        _time.Advance(AnonymousRefusals.Interval);
        await _refusals.WriteAsync(all: false, default);
    }

    private Task<IReadOnlyList<Contracts.Audit.AuditEntryView>> EntriesAsync() => _audit.ReadAsync(0, 100, default);
}
