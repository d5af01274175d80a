using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class IssuanceLedgerTests : LedgerTestBase
{
    [SkippableFact]
    public async Task Store_CommitHeldBack_NothingCompletesAndNothingIsVisible()
    {
        await using var ledger = Ledger();
        var held = await HoldCommitsAsync();

        var stored = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();

        stored.IsCompleted.ShouldBeFalse();
        (await CountAsync("ca.certificates")).ShouldBe(0);
        await ReleaseAsync(held);
        (await stored).Status.ShouldBe(LedgerStatus.Stored);
        (await CountAsync("ca.certificates")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Store_AHundredWhileABatchCommits_ShareOneTransaction()
    {
        await using var ledger = Ledger(new LedgerOptions { Writers = 1 });
        var held = await HoldCommitsAsync();
        var first = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();

        var rest = Enumerable.Range(0, 100).Select(i => ledger.StoreAsync(LedgerRows.New(LedgerRows.Name(i)))).ToArray();
        await ReleaseAsync(held);

        (await first).Status.ShouldBe(LedgerStatus.Stored);
        (await Task.WhenAll(rest)).ShouldAllBe(o => o.Status == LedgerStatus.Stored);
        (await Database.ScalarAsync<long>("SELECT count(DISTINCT xmin::text) FROM ca.certificates")).ShouldBe(2);
        await ShouldHaveIntactAuditAsync(101);
    }

    [SkippableFact]
    public async Task Store_QueueFull_Is503WithRetryAfter()
    {
        await using var ledger = Ledger(new LedgerOptions { Writers = 1, Capacity = 4 });
        var held = await HoldCommitsAsync();
        var first = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();
        var waiting = Enumerable.Range(0, 4).Select(_ => ledger.StoreAsync(LedgerRows.New())).ToArray();

        var refused = Should.Throw<ProblemException>(() => { _ = ledger.StoreAsync(LedgerRows.New()); });

        refused.Status.ShouldBe(503);
        refused.Code.ShouldBe("overloaded");
        refused.RetryAfter.ShouldNotBeNull();
        await ReleaseAsync(held);
        (await Task.WhenAll([first, .. waiting])).ShouldAllBe(o => o.Status == LedgerStatus.Stored);
        (await CountAsync("ca.certificates")).ShouldBe(5);
    }

    [SkippableFact]
    public async Task Store_DatabaseTooSlow_Is503AndTheNextOneWorks()
    {
        var time = new FakeTime();
        await using var ledger = Ledger(new LedgerOptions { Writers = 1 }, time);
        var held = await HoldCommitsAsync();
        var stored = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();

        time.Advance(TimeSpan.FromSeconds(11));

        (await Should.ThrowAsync<ProblemException>(stored)).Code.ShouldBe("database_unavailable");
        await ReleaseAsync(held);
        (await ledger.StoreAsync(LedgerRows.New())).Status.ShouldBe(LedgerStatus.Stored);
        (await CountAsync("ca.certificates")).ShouldBe(1);
        await ShouldHaveIntactAuditAsync(1);
    }

    [SkippableFact]
    public async Task Store_KeptConnectionBrokeWhileIdle_IsStored()
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(Database.ConnectionString + ";Keepalive=1;Application Name=ledger");
        await using var ledger = new IssuanceLedger(database, new LedgerOptions(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<IssuanceLedger>.Instance);
        await ledger.StoreAsync(LedgerRows.New("before.test"));
        await Database.ExecuteAsSuperuserAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ledger'");
        await Task.Delay(TimeSpan.FromSeconds(3)); // the keepalive finds the end and breaks the connection

        (await ledger.StoreAsync(LedgerRows.New("after.test"))).Status.ShouldBe(LedgerStatus.Stored);
    }

    [SkippableFact]
    public async Task Store_DatabaseTooSlow_FailsWhatIsQueuedToo()
    {
        var time = new FakeTime();
        await using var ledger = Ledger(new LedgerOptions { Writers = 1 }, time);
        var held = await HoldCommitsAsync();
        var stored = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();
        var queued = ledger.StoreAsync(LedgerRows.New());

        time.Advance(TimeSpan.FromSeconds(7));

        (await Should.ThrowAsync<ProblemException>(stored)).Code.ShouldBe("database_unavailable");
        (await Should.ThrowAsync<ProblemException>(queued)).Code.ShouldBe("database_unavailable");
        await ReleaseAsync(held);
    }

    [SkippableFact]
    public async Task Store_CallerGoneWhileQueued_IsNotStored()
    {
        await using var ledger = Ledger(new LedgerOptions { Writers = 1 });
        using var gone = new CancellationTokenSource();
        var held = await HoldCommitsAsync();
        var first = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();
        var queued = ledger.StoreAsync(LedgerRows.New(cancellation: gone.Token));

        await gone.CancelAsync();
        await ReleaseAsync(held);

        await first;
        await Should.ThrowAsync<OperationCanceledException>(queued);
        (await CountAsync("ca.certificates")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Store_OneRowTheDatabaseRefuses_DoesNotFailItsNeighbours()
    {
        await using var ledger = Ledger(new LedgerOptions { Writers = 1 });
        var held = await HoldCommitsAsync();
        var first = ledger.StoreAsync(LedgerRows.New());
        await WaitForBlockedAsync();
        var good = ledger.StoreAsync(LedgerRows.New("good.test"));
        var bad = ledger.StoreAsync(LedgerRows.New("bad\0.test"));
        var alsoGood = ledger.StoreAsync(LedgerRows.New("also.test"));

        await ReleaseAsync(held);

        await first;
        (await good).Status.ShouldBe(LedgerStatus.Stored);
        (await alsoGood).Status.ShouldBe(LedgerStatus.Stored);
        await Should.ThrowAsync<Npgsql.PostgresException>(bad);
        await ShouldHaveIntactAuditAsync(3);
    }

    [SkippableFact]
    public async Task Store_SerialNumberThatExists_IsAnErrorForThatRowOnly()
    {
        await using var ledger = Ledger();
        var first = LedgerRows.New();
        await ledger.StoreAsync(first);

        await Should.ThrowAsync<Npgsql.PostgresException>(ledger.StoreAsync(LedgerRows.New(serial: first.Serial)));

        (await CountAsync("ca.certificates")).ShouldBe(1);
        await ShouldHaveIntactAuditAsync(1);
    }

    [SkippableFact]
    public async Task Dispose_WithEntriesQueued_StoresThemFirst()
    {
        var ledger = Ledger(new LedgerOptions { Writers = 1 });
        var held = await HoldCommitsAsync();
        var waiting = Enumerable.Range(0, 10).Select(_ => ledger.StoreAsync(LedgerRows.New())).ToArray();
        await WaitForBlockedAsync();

        var disposed = ledger.DisposeAsync();
        await ReleaseAsync(held);
        await disposed;

        waiting.ShouldAllBe(t => t.IsCompletedSuccessfully);
        Should.Throw<ProblemException>(() => { _ = ledger.StoreAsync(LedgerRows.New()); }).Code.ShouldBe("shutting_down");
    }

    [SkippableFact]
    public async Task Store_FourWritersFightingForTheSameTokensAndKeys_EachIsWonOnce()
    {
        await using var one = Ledger(new LedgerOptions { MaxBatch = 16 });
        await using var two = Ledger(new LedgerOptions { MaxBatch = 16 });
        var orders = Enumerable.Range(0, 400).Select(i =>
        {
            // 50 tokens and 50 keys, four times each, in another order on either side.
            var number = i < 200 ? i % 50 : 49 - (i % 50);
            return (Ledger: i % 2 == 0 ? one : two, Entry: i % 4 < 2
                ? LedgerRows.New($"token{number}", token: LedgerRows.Token(number))
                : LedgerRows.New($"key{number}", idempotencyKey: $"key{number}", token: LedgerRows.Token(1000 + i)));
        }).ToArray();

        var outcomes = await Task.WhenAll(orders.Select(o => o.Ledger.StoreAsync(o.Entry)));

        var winners = orders.Zip(outcomes).Where(p => p.Second.Status == LedgerStatus.Stored).Select(p => p.First.Entry.Subject).ToArray();
        winners.ShouldBeUnique();
        winners.Length.ShouldBe(orders.Select(o => o.Entry.Subject).Distinct(StringComparer.Ordinal).Count());
        outcomes.ShouldAllBe(o => o.Status == LedgerStatus.Stored || o.Status == LedgerStatus.TokenUsed || o.Status == LedgerStatus.Exists);
        // A token is burned only together with a certificate.
        (await CountAsync("ca.used_tokens")).ShouldBe(winners.Length);
        await ShouldHaveIntactAuditAsync(winners.Length);
    }

    [SkippableFact]
    public async Task Store_TwoThousandUnderLoad_AuditChainIsIntactAndComplete()
    {
        await using var ledger = Ledger();
        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => await ledger.StoreAsync(LedgerRows.New(LedgerRows.Name(i))));

        (await CountAsync("ca.certificates")).ShouldBe(2000);
        (await Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates c JOIN audit.entries e ON e.details = '{\"serial\":\"' || upper(encode(c.serial, 'hex')) || '\"}' AND e.subject = c.subject")).ShouldBe(2000);
        await ShouldHaveIntactAuditAsync(2000);
    }

    private static async Task ReleaseAsync(Npgsql.NpgsqlTransaction held)
    {
        var connection = held.Connection!;
        await held.RollbackAsync();
        await connection.DisposeAsync();
    }
}
