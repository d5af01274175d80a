using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A database per test, and a way to hold every batch just before its commit: the audit log's one lock.</summary>
public abstract class LedgerTestBase : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    protected TestDatabase Database { get; private set; } = null!;

    public async Task InitializeAsync() => Database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);

    public async Task DisposeAsync() => await Database.DisposeAsync();

    internal IssuanceLedger Ledger(LedgerOptions? options = null, TimeProvider? time = null) =>
        new(Database.DataSource, options ?? new LedgerOptions(), time ?? TimeProvider.System, NullLogger<IssuanceLedger>.Instance);

    protected async Task<NpgsqlTransaction> HoldCommitsAsync()
    {
        var connection = await Database.DataSource.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("SELECT 1 FROM audit.head FOR UPDATE", connection, transaction);
        await command.ExecuteNonQueryAsync();
        return transaction;
    }

    /// <summary>Returns once so many backends wait for a lock: the batch is inside its transaction.</summary>
    protected async Task WaitForBlockedAsync(int backends = 1)
    {
        while (await Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") < backends)
        {
            await Task.Yield();
        }
    }

    protected static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    protected Task<long> CountAsync(string table) => Database.ScalarAsync<long>($"SELECT count(*) FROM {table}");

    protected async Task ShouldHaveIntactAuditAsync(long entries)
    {
        var verification = await new AuditLog(Database.DataSource).VerifyAsync(CancellationToken.None);
        verification.Intact.ShouldBeTrue(verification.Reason);
        verification.Entries.ShouldBe(entries);
    }
}
