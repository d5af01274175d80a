using Npgsql;

namespace IoTPlatform.Database;

/// <summary>A right that one process per database has at a time: an advisory lock that dies with its connection.</summary>
public sealed class AdvisoryLease : IAsyncDisposable
{
    private readonly long _key;

    private AdvisoryLease(NpgsqlConnection connection, long key)
    {
        Connection = connection;
        _key = key;
    }

    /// <summary>What goes over it can't be done without the lock.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Null: another process has it.</summary>
    public static async Task<AdvisoryLease?> TryAcquireAsync(NpgsqlDataSource database, long key, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var acquire = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = key } } };
            if ((bool)(await acquire.ExecuteScalarAsync(cancellationToken))!)
            {
                return new AdvisoryLease(connection, key);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using var release = new NpgsqlCommand("SELECT pg_advisory_unlock($1)", Connection) { Parameters = { new() { Value = _key } } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The connection is gone and the lock with it.
        }

        await Connection.DisposeAsync();
    }
}
