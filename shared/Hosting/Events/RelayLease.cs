using Npgsql;

namespace IoTPlatform.Hosting.Events;

/// <summary>
/// The right to relay, for one process per database: an advisory lock that dies with its connection. The position is written over
/// this very connection, so a relay that lost the lock can't move it.
/// </summary>
internal sealed class RelayLease : IAsyncDisposable
{
    /// <summary>"iot-evnt" in ASCII.</summary>
    private const long Lock = 0x696f742d65766e74;

    private readonly NpgsqlConnection _connection;

    private RelayLease(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Null: another process has it.</summary>
    public static async Task<RelayLease?> TryAcquireAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var acquire = Command(connection, "SELECT pg_try_advisory_lock($1)", Lock);
            if ((bool)(await acquire.ExecuteScalarAsync(cancellationToken))!)
                return new RelayLease(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>The next acts, oldest first. Whatever is visible is complete: an entry gets its number only after the one before it was committed.</summary>
    public async Task<IReadOnlyList<RecordedAct>> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(
            _connection,
            "SELECT sequence, at, actor, action, subject, details, hash FROM audit.entries WHERE sequence > (SELECT position FROM events.relay) ORDER BY sequence LIMIT $1",
            limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var acts = new List<RecordedAct>();
        while (await reader.ReadAsync(cancellationToken))
        {
            acts.Add(new RecordedAct(
                reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                new Guid(reader.GetFieldValue<byte[]>(6).AsSpan(0, 16), bigEndian: true)));
        }

        return acts;
    }

    public async Task AdvanceAsync(long position, CancellationToken cancellationToken)
    {
        await using var command = Command(_connection, "UPDATE events.relay SET position = $1", position);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using var release = Command(_connection, "SELECT pg_advisory_unlock($1)", Lock);
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The connection is gone and the lock with it.
        }

        await _connection.DisposeAsync();
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object value) => new(sql, connection) { Parameters = { new() { Value = value } } };
}
