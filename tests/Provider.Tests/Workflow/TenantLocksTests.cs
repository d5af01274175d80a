using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Tests.Workflow;

public sealed class TenantLocksTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private TestDatabase _database = null!;
    private TenantLocks _locks = null!;
    private TenantLocks _otherProcess = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateEmptyDatabaseAsync();
        _locks = new TenantLocks(_database.DataSource);
        _otherProcess = new TenantLocks(_database.DataSource);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TryAcquire_HeldByAnother_GivesUpAfterTheWait(bool here)
    {
        await using var held = await TryAsync("acme");

        (await TryAsync("acme", here ? _locks : _otherProcess)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task TryAcquire_OtherTenantHeld_IsFree()
    {
        await using var held = await TryAsync("acme");
        await using var other = await TryAsync("globex");

        other.ShouldNotBeNull();
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TryAcquire_Released_IsFreeAgain(bool here)
    {
        await (await TryAsync("acme"))!.DisposeAsync();
        await using var again = await TryAsync("acme", here ? _locks : _otherProcess);

        again.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task TryAcquire_ManyAtOnce_AreOneAfterTheOther()
    {
        var inside = 0;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            await using var held = await (i % 2 == 0 ? _locks : _otherProcess).TryAcquireAsync("acme", Patience, CancellationToken.None);
            held.ShouldNotBeNull();
            Interlocked.Increment(ref inside).ShouldBe(1);
            await Task.Delay(5);
            Interlocked.Decrement(ref inside);
        }));
    }

    [SkippableFact]
    public async Task Connection_BackendKilled_HolderCanRecordNothingAndTheLockIsFree()
    {
        await using var held = await TryAsync("acme");
        await _database.ExecuteAsSuperuserAsync($"SELECT pg_terminate_backend({held!.Connection.ProcessID})");

        await Should.ThrowAsync<NpgsqlException>(() => new NpgsqlCommand("SELECT 1", held.Connection).ExecuteScalarAsync());
        await using var context = held.CreateContext();
        await Should.ThrowAsync<NpgsqlException>(() => context.Database.ExecuteSqlAsync($"SELECT 1"));
        await using var next = await _otherProcess.TryAcquireAsync("acme", Patience, CancellationToken.None);

        next.ShouldNotBeNull();
    }

    /// <summary>Workflows wait for the broker and the identity provider with their tenant's lock in hand.</summary>
    [SkippableFact]
    public async Task Held_ByAsManyWorkflowsAsThePoolHasConnections_RequestsStillGetOne()
    {
        await using var small = NpgsqlDataSource.Create(_database.ConnectionString + ";Maximum Pool Size=3;Timeout=1");
        using var locks = new TenantLocks(small);
        var held = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => TryAsync($"tenant-{i}", locks)));
        await using var query = small.CreateCommand("SELECT 1");

        (await query.ExecuteScalarAsync()).ShouldBe(1);
        foreach (var one in held)
        {
            await one!.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Wait_ManyCallsOfOneTenant_KeepNoOtherTenantWaiting()
    {
        await using var held = await TryAsync("hostile");
        using var stop = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 100).Select(_ => _locks.TryAcquireAsync("hostile", Patience, stop.Token)).ToList();

        await using var other = await TryAsync("acme");

        other.ShouldNotBeNull();
        (await _database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%advisory%' AND pid <> pg_backend_pid()")).ShouldBeLessThan(5);
        await stop.CancelAsync();
        foreach (var call in calls)
        {
            await Should.ThrowAsync<OperationCanceledException>(call);
        }
    }

    public async Task DisposeAsync()
    {
        _locks?.Dispose();
        _otherProcess?.Dispose();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private Task<TenantLock?> TryAsync(string tenantId, TenantLocks? locks = null) => (locks ?? _locks).TryAcquireAsync(tenantId, TimeSpan.FromSeconds(1), CancellationToken.None);
}
