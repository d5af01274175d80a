using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Database.Tests.Postgres;

public sealed class AdvisoryLockTests : IAsyncLifetime
{
    private const long Key = 7;
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await PostgresServer.CreateEmptyDatabaseAsync();

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(50)]
    public async Task TryAcquire_HeldByAnother_GivesUpAfterTheWait(int milliseconds)
    {
        await using var held = await TryAsync(0);

        (await TryAsync(milliseconds)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task TryAcquire_OtherKeyOrName_IsFree()
    {
        await using var held = await TryAsync(0);
        await using var other = await AdvisoryLock.TryAcquireAsync(_database.DataSource, Key + 1, TimeSpan.Zero, CancellationToken.None);
        await using var named = await AdvisoryLock.TryAcquireAsync(_database.DataSource, "pump", TimeSpan.Zero, CancellationToken.None);

        other.ShouldNotBeNull();
        named.ShouldNotBeNull();
        (await AdvisoryLock.TryAcquireAsync(_database.DataSource, "pump", TimeSpan.Zero, CancellationToken.None)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Dispose_Held_IsFreeAtOnce()
    {
        for (var i = 0; i < 20; i++)
        {
            var held = await TryAsync(0);
            held.ShouldNotBeNull();
            await held.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task TryAcquire_ReleasedDuringTheWait_IsAcquired()
    {
        var held = await TryAsync(0);
        var waiting = TryAsync(30_000);
        await held!.DisposeAsync();
        await using var next = await waiting;

        next.ShouldNotBeNull();
        await using var timeout = new NpgsqlCommand("SHOW lock_timeout", next.Connection);
        (await timeout.ExecuteScalarAsync()).ShouldBe("0");
    }

    [SkippableFact]
    public async Task TryAcquire_WaitLongerThanACommandMayTake_GivesUpAfterTheWait()
    {
        await using var impatient = NpgsqlDataSource.Create(_database.ConnectionString + ";Command Timeout=1");
        await using var held = await TryAsync(0);

        (await AdvisoryLock.TryAcquireAsync(impatient, Key, TimeSpan.FromSeconds(1.5), CancellationToken.None)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Held_AsManyAsThePoolHasConnections_LeavesThePoolToOthers()
    {
        await using var small = NpgsqlDataSource.Create(_database.ConnectionString + ";Maximum Pool Size=2;Timeout=1");
        await using var one = await AdvisoryLock.TryAcquireAsync(small, "one", TimeSpan.FromSeconds(1), CancellationToken.None);
        await using var two = await AdvisoryLock.TryAcquireAsync(small, "two", TimeSpan.FromSeconds(1), CancellationToken.None);
        await using var three = await AdvisoryLock.TryAcquireAsync(small, "three", TimeSpan.FromSeconds(1), CancellationToken.None);
        await using var query = small.CreateCommand("SELECT 1");

        (await query.ExecuteScalarAsync()).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Connection_BackendKilled_HolderCanRecordNothingAndTheLockIsFree()
    {
        await using var held = await TryAsync(0);
        await _database.ExecuteAsSuperuserAsync($"SELECT pg_terminate_backend({held!.Connection.ProcessID})");

        await Should.ThrowAsync<NpgsqlException>(() => new NpgsqlCommand("SELECT 1", held.Connection).ExecuteScalarAsync());
        await using var next = await TryAsync(30_000);

        next.ShouldNotBeNull();
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private Task<AdvisoryLock?> TryAsync(int milliseconds) =>
        AdvisoryLock.TryAcquireAsync(_database.DataSource, Key, TimeSpan.FromMilliseconds(milliseconds), CancellationToken.None);
}
