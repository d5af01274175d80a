using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Stops a stack's relay between commit and publishing: it loses its lock with its connection, and from here on the lock is ours.</summary>
internal sealed class HeldRelay : IAsyncDisposable
{
    /// <summary>The relay's advisory lock.</summary>
    private const long Lock = 0x696f742d65766e74;

    private readonly NpgsqlConnection _connection;

    private HeldRelay(NpgsqlConnection connection) => _connection = connection;

    public static async Task<HeldRelay> TakeAsync(TestDatabase database)
    {
        var connection = await database.DataSource.OpenConnectionAsync();
        await using var take = new NpgsqlCommand(
            $"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = {Lock} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()); SELECT pg_advisory_lock({Lock})", connection);
        await take.ExecuteNonQueryAsync();
        return new HeldRelay(connection);
    }

    public async ValueTask DisposeAsync()
    {
        await using (var release = new NpgsqlCommand($"SELECT pg_advisory_unlock({Lock})", _connection))
        {
            await release.ExecuteNonQueryAsync();
        }

        await _connection.DisposeAsync();
    }
}
