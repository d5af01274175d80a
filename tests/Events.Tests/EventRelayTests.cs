using System.Collections.Concurrent;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Database;
using IoTPlatform.Events;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Events.Tests;

public sealed class EventRelayTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly List<EventRelay> _relays = [];
    private readonly FakeTime _time = new();
    private readonly RecordingPublisher _bus = new();
    private readonly LogCapture _log = new();
    private readonly LoggerFactory _loggers = new();
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _loggers.AddProvider(_log);
        _database = await PostgresServer.CreateDatabaseAsync();
    }

    public async Task DisposeAsync()
    {
        while (_relays.Count > 0)
        {
            await StopAsync(_relays[0]);
        }

        _loggers.Dispose();
        await _database.DisposeAsync();
    }

    [SkippableFact]
    public async Task Relay_CommittedOperations_PublishesTheEventsAmongThemInOrder()
    {
        await OperateAsync("acme");
        await new AuditLog(_database.DataSource).AppendAsync(new AuditEntry("admin", "login.succeeded", "admin"), default);
        await OperateAsync("acme");
        await OperateAsync("other");

        await StartAsync();

        await UntilAsync(() => _bus.Published.Count == 3);
        _bus.Published.Where(e => e.TenantId == "acme").Select(e => e.Sequence).ShouldBe([1, 3]);
        _bus.Published.Select(e => e.Id).Distinct().Count().ShouldBe(3);
        await UntilPositionAsync(4);
    }

    [SkippableFact]
    public async Task Relay_SecondOperationWhileTheFirstIsOpen_LosesNeither()
    {
        await StartAsync();
        await using var slow = await _database.DataSource.OpenConnectionAsync();
        await using var open = await slow.BeginTransactionAsync();
        await AuditLog.AppendAsync(slow, Happened.To("slow"), default);
        var quick = OperateAsync("quick");
        await UntilAsync(async () => await _database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1);
        _time.Advance(TimeSpan.FromSeconds(2));

        quick.IsCompleted.ShouldBeFalse("a number is given only after the one before it was committed");
        await open.CommitAsync();
        await quick;

        await UntilAsync(() => _bus.Published.Count == 2);
        _bus.Published.OrderBy(e => e.Sequence).Select(e => e.TenantId).ShouldBe(["slow", "quick"]);
    }

    [SkippableFact]
    public async Task Relay_OperationRolledBack_PublishesNothingAndMissesNothing()
    {
        await using (var connection = await _database.DataSource.OpenConnectionAsync())
        await using (await connection.BeginTransactionAsync())
        {
            await AuditLog.AppendAsync(connection, Happened.To("undone"), default);
        }

        await OperateAsync("done");

        await StartAsync();

        await UntilPositionAsync(1);
        _bus.Published.Single().TenantId.ShouldBe("done");
    }

    [SkippableFact]
    public async Task Relay_DiesBetweenPublishingAndRemembering_PublishesAgainUnderTheSameId()
    {
        await OperateAsync("acme");
        var deaths = 0;
        _bus.Before = async _ =>
        {
            if (deaths++ == 0)
            {
                await _database.ExecuteAsSuperuserAsync($"SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND d.datname = '{_database.Name}'");
            }
        };

        await StartAsync();

        await UntilAsync(() => _bus.Published.Count == 2);
        await UntilPositionAsync(1);
        _bus.Published.Select(e => e.Id).Distinct().Count().ShouldBe(1);
    }

    [SkippableFact]
    public async Task Relay_PublishingTimesOut_TriesAgain()
    {
        await OperateAsync("acme");
        var attempts = 0;
        _bus.Before = _ => attempts++ < 3 ? throw new TaskCanceledException("The request timed out.") : Task.CompletedTask;

        await StartAsync();

        await UntilPositionAsync(1);
        _bus.Published.Single().TenantId.ShouldBe("acme");
        attempts.ShouldBe(4);
    }

    /// <summary>A receiver that answers 503 with Retry-After is not ready meanwhile.</summary>
    [SkippableFact]
    public async Task Relay_NotReadyAfterEveryFailure_WaitsLongerEachTime()
    {
        await OperateAsync("acme");
        var attempts = new ConcurrentQueue<DateTimeOffset>();
        var notBefore = DateTimeOffset.MinValue;
        _bus.Ready = () => _time.GetUtcNow() >= notBefore;
        _bus.Before = _ =>
        {
            attempts.Enqueue(_time.GetUtcNow());
            notBefore = _time.GetUtcNow() + TimeSpan.FromSeconds(3);
            throw new IOException("too many requests");
        };

        await StartAsync();

        await UntilAsync(() => attempts.Count == 9);
        attempts.Zip(attempts.Skip(1), (one, next) => next - one).Max().ShouldBeGreaterThan(TimeSpan.FromSeconds(10));
    }

    [SkippableFact]
    public async Task Relay_BusDown_KeepsEverythingAndDeliversInOrderLater()
    {
        _bus.Down = true;
        for (var i = 0; i < 30; i++)
        {
            await OperateAsync("acme");
        }

        await StartAsync();
        await UntilAsync(() => _log.Text.Contains("they wait in the database", StringComparison.Ordinal));
        (await PositionAsync()).ShouldBe(0);

        _bus.Down = false;

        await UntilPositionAsync(30);
        _bus.Published.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, 30).Select(n => (long)n));
    }

    [SkippableFact]
    public async Task Relay_TwoProcesses_OneAtATimeAndTheOtherTakesOver()
    {
        var first = await StartAsync();
        await OperateAsync("acme");
        await UntilPositionAsync(1);
        await StartAsync();
        await OperateAsync("acme");
        await UntilPositionAsync(2);
        _bus.Published.Count.ShouldBe(2);

        await StopAsync(first);
        await OperateAsync("acme");

        await UntilPositionAsync(3);
        _bus.Published.Count.ShouldBe(3);
    }

    [SkippableFact]
    public async Task Relay_OperationThatCantBeMapped_IsLeftOutLoudlyAndHoldsUpNoOther()
    {
        await OperateAsync("broken");
        await OperateAsync("acme");

        await StartAsync();

        await UntilPositionAsync(2);
        _bus.Published.Single().TenantId.ShouldBe("acme");
        _log.Text.ShouldContain("Audit entry 1 (tenant.resumed) could not be published");
    }

    [SkippableFact]
    public async Task Relay_MoreThanABatch_PublishesAllOfIt()
    {
        await _database.ExecuteAsync("SELECT audit.append_many(array_fill('admin'::text, ARRAY[1200]), array_fill('tenant.resumed'::text, ARRAY[1200]), array_fill('acme'::text, ARRAY[1200]), array_fill('{}'::text, ARRAY[1200]))");

        await StartAsync();

        await UntilPositionAsync(1200);
        _bus.Published.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, 1200).Select(n => (long)n));
    }

    [SkippableFact]
    public async Task Relay_WithoutSubscriber_ReadsNoneOfItAndMovesOn()
    {
        _bus.Subscribed = new HashSet<string>();
        await OperateAsync("broken");
        await OperateAsync("acme");

        await StartAsync();

        await UntilPositionAsync(2);
        _bus.Published.ShouldBeEmpty();
        _log.Text.ShouldNotContain("Audit entry 1", customMessage: "it was read");
    }

    [SkippableFact]
    public async Task Relay_SubscriberOfAnotherType_GetsNoneOfTheseAndMovesOn()
    {
        _bus.Subscribed = new HashSet<string> { TenantRemoved.Name };
        await OperateAsync("broken");

        await StartAsync();

        await UntilPositionAsync(1);
        _log.Text.ShouldNotContain("Audit entry 1", customMessage: "it was read");
    }

    [SkippableFact]
    public async Task Relay_SubscriberComesWhileItIsAskedFor_GetsWhatHappensAfterwards()
    {
        _bus.Subscribed = new HashSet<string>();
        await OperateAsync("before");
        var asked = 0;
        _bus.Asked = async () =>
        {
            // The answer to the first question is under way when a program subscribes and something happens.
            if (asked++ == 1)
            {
                _bus.Subscribed = new HashSet<string> { TenantResumed.Name };
            }

            if (asked == 1)
            {
                await OperateAsync("after");
            }
        };

        await StartAsync();

        await UntilPositionAsync(2);
        _bus.Published.ShouldHaveSingleItem().TenantId.ShouldBe("after");
    }

    [SkippableFact]
    public async Task Relay_NothingNew_AsksForNoSubscriptions()
    {
        await OperateAsync("acme");
        var asked = 0;
        _bus.Asked = () => Task.FromResult(Interlocked.Increment(ref asked));
        await StartAsync();
        await UntilPositionAsync(1);

        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        asked.ShouldBe(1);
    }

    private async Task<EventRelay> StartAsync()
    {
        var relay = new EventRelay(
            _database.DataSource, new EventMappers([new Happened()], _loggers.CreateLogger<EventMappers>()), _bus, _time, _loggers.CreateLogger<EventRelay>());
        _relays.Add(relay);
        await relay.StartAsync(default);
        return relay;
    }

    private async Task StopAsync(EventRelay relay)
    {
        if (!_relays.Remove(relay))
        {
            return;
        }

        await relay.StopAsync(default);
        relay.Dispose();
    }

    private Task OperateAsync(string tenant) => new AuditLog(_database.DataSource).AppendAsync(Happened.To(tenant), default);

    private Task<long> PositionAsync() => _database.ScalarAsync<long>("SELECT position FROM events.relay");

    private Task UntilPositionAsync(long position) => UntilAsync(async () => await PositionAsync() == position);

    private Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
