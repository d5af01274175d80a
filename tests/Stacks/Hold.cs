using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Stacks;

/// <summary>
/// Holds every statement that would write a matching row, inside the database, so that a process can be killed exactly
/// between an effect and its record. The product knows nothing of it.
/// </summary>
public sealed class Hold : IAsyncDisposable
{
    private const long Key = 0x484F4C44;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestDatabase _database;
    private readonly string _table;
    private readonly NpgsqlConnection _gate;

    private Hold(TestDatabase database, string table, NpgsqlConnection gate) => (_database, _table, _gate) = (database, table, gate);

    /// <param name="when">A condition over NEW, for example <c>NEW.step = 'broker'</c>.</param>
    public static async Task<Hold> OnWriteAsync(TestDatabase database, string table, string when)
    {
        var gate = await database.DataSource.OpenConnectionAsync();
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_lock($1)", gate) { Parameters = { new() { Value = Key } } })
        {
            await take.ExecuteNonQueryAsync();
        }

        await database.ExecuteAsync($"""
            CREATE OR REPLACE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock({Key}); RETURN NEW; END $$;
            CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION public.hold()
            """);
        return new Hold(database, table, gate);
    }

    /// <summary>Returns once a statement is being held.</summary>
    public async Task ReachedAsync(ProcessUnderTest process)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await _database.ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = $1::bigint::oid AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", Key) == 0)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"the process ended before the held statement:\n{process.Output}");
            }

            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"nothing wrote to {_table}:\n{process.Output}");
            }

            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Lets the held statements continue and commit; later ones are no longer held.</summary>
    public async Task ReleaseAsync()
    {
        await using var open = new NpgsqlCommand("SELECT pg_advisory_unlock($1)", _gate) { Parameters = { new() { Value = Key } } };
        await open.ExecuteNonQueryAsync();
    }

    /// <summary>Ends the held transactions without letting them commit, as if the server had noticed the dead client, and releases the hold.</summary>
    public async ValueTask DisposeAsync()
    {
        await _database.ExecuteAsSuperuserAsync($"""
            SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = {Key}::bigint::oid
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """);
        await using (var open = new NpgsqlCommand("SELECT pg_advisory_unlock($1)", _gate) { Parameters = { new() { Value = Key } } })
        {
            await open.ExecuteNonQueryAsync();
        }

        await _gate.DisposeAsync();
        await _database.ExecuteAsync($"DROP TRIGGER IF EXISTS hold ON {_table}");
    }
}
