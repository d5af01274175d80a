using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Workflow;

public sealed class TenantLockTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await PostgresServer.CreateEmptyDatabaseAsync();

    [SkippableFact]
    public async Task TryAcquire_HeldByAnother_GivesUpAfterTheWait()
    {
        await using var held = await TryAsync("acme");

        (await TryAsync("acme")).ShouldBeNull();
    }

    [SkippableFact]
    public async Task TryAcquire_OtherTenantHeld_IsFree()
    {
        await using var held = await TryAsync("acme");
        await using var other = await TryAsync("globex");

        other.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task TryAcquire_Released_IsFreeAgain()
    {
        await (await TryAsync("acme"))!.DisposeAsync();
        await using var again = await TryAsync("acme");

        again.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Connection_BackendKilled_HolderCanRecordNothingAndTheLockIsFree()
    {
        await using var held = await TryAsync("acme");
        await _database.ExecuteAsSuperuserAsync($"SELECT pg_terminate_backend({held!.Connection.ProcessID})");

        await Should.ThrowAsync<Npgsql.NpgsqlException>(() => new Npgsql.NpgsqlCommand("SELECT 1", held.Connection).ExecuteScalarAsync());
        await using var next = await TenantLock.TryAcquireAsync(_database.DataSource, "acme", TimeSpan.FromSeconds(30), CancellationToken.None);

        next.ShouldNotBeNull();
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private Task<TenantLock?> TryAsync(string tenantId) => TenantLock.TryAcquireAsync(_database.DataSource, tenantId, TimeSpan.FromMilliseconds(50), CancellationToken.None);
}
