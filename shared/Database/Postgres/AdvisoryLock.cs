using System.Globalization;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>
/// A right that one holder per database has at a time: an advisory lock that dies with its connection. The connection is the lock's own and of no
/// pool: a holder that waits for another server keeps none from the requests.
/// </summary>
public sealed class AdvisoryLock : IAsyncDisposable
{
    private AdvisoryLock(NpgsqlConnection connection) => Connection = connection;

    /// <summary>What goes over it can't be done without the lock.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Null: another holder kept it for the whole wait.</summary>
    /// <param name="database">Where the lock is; its pool is not used.</param>
    /// <param name="key">Of the lock.</param>
    /// <param name="wait">Zero: not at all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task<AdvisoryLock?> TryAcquireAsync(NpgsqlDataSource database, long key, TimeSpan wait, CancellationToken cancellationToken) =>
        TryAcquireAsync(database, "$1", key, wait, cancellationToken);

    /// <summary>As the other one, for a lock that has a name.</summary>
    public static Task<AdvisoryLock?> TryAcquireAsync(NpgsqlDataSource database, string name, TimeSpan wait, CancellationToken cancellationToken) =>
        TryAcquireAsync(database, "hashtextextended($1, 0)", name, wait, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The server may take a moment to see that the connection is closed.
            await using var release = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", Connection);
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The lock goes with the connection.
        }

        await Connection.DisposeAsync();
    }

    private static async Task<AdvisoryLock?> TryAcquireAsync(NpgsqlDataSource database, string key, object value, TimeSpan wait, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(database, cancellationToken);
        var acquired = false;
        try
        {
            acquired = wait <= TimeSpan.Zero
                ? await IsFreeAsync(connection, key, value, cancellationToken)
                : await WaitAsync(connection, key, value, wait, cancellationToken);
            return acquired ? new AdvisoryLock(connection) : null;
        }
        finally
        {
            if (!acquired)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private static async Task<NpgsqlConnection> ConnectAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var template = database.CreateConnection();
        // A clone keeps the password, which a data source does not expose.
        var connection = await template.CloneWithAsync(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString, cancellationToken);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> IsFreeAsync(NpgsqlConnection connection, string key, object value, CancellationToken cancellationToken)
    {
        await using var acquire = new NpgsqlCommand($"SELECT pg_try_advisory_lock({key})", connection) { Parameters = { new() { Value = value } } };
        return (bool)(await acquire.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<bool> WaitAsync(NpgsqlConnection connection, string key, object value, TimeSpan wait, CancellationToken cancellationToken)
    {
        await using var acquire = new NpgsqlBatch(connection)
        {
            // The server ends the wait; the command's own time-out is for a server that does not.
            Timeout = connection.CommandTimeout + (int)Math.Ceiling(wait.TotalSeconds),
            BatchCommands =
            {
                new("SELECT set_config('lock_timeout', $1, false)") { Parameters = { new() { Value = ((int)Math.Ceiling(wait.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture) } } },
                new($"SELECT pg_advisory_lock({key})") { Parameters = { new() { Value = value } } },
                new("SELECT set_config('lock_timeout', '0', false)"),
            },
        };
        try
        {
            await acquire.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }
    }
}
