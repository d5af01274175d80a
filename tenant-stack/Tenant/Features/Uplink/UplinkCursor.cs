using IoTPlatform.Database;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>What is to go up, and how far each stream went.</summary>
internal sealed class UplinkCursor(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Of the waiting messages no more are counted.</summary>
    public const int MostCounted = 10_000;

    /// <summary>No index leads from a time to a sequence: all that is stored is read.</summary>
    private const int PutBackSeconds = 600;

    private int _putBacks;

    /// <summary>Another number than before: it was put back meanwhile.</summary>
    public int PutBacks => Volatile.Read(ref _putBacks);

    public async Task<long> ReadAsync(UplinkStream stream, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {stream.Name} FROM tenant.uplink");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The next messages behind a sequence.</summary>
    public async Task<IReadOnlyList<UplinkMessage>> NextAsync(UplinkStream stream, long after, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT sequence, topic, payload, sent_at, received_at FROM tenant.telemetry WHERE sequence > $1 AND {stream.GoesUp} ORDER BY sequence LIMIT $2");
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = limit });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var messages = new List<UplinkMessage>();
        while (await rows.ReadAsync(cancellationToken))
        {
            messages.Add(new UplinkMessage(rows.GetInt64(0), rows.GetString(1), rows.GetFieldValue<byte[]>(2), rows.GetFieldValue<DateTimeOffset>(3), rows.GetFieldValue<DateTimeOffset>(4)));
        }

        return messages;
    }

    /// <summary>
    /// Forward only, and not where it was put back meanwhile: a resend wins over what was under way before it. False then. Waits for no disk: a crash
    /// that forgets it has some messages sent again, which the provider knows.
    /// </summary>
    public async Task<bool> MoveAsync(UplinkStream stream, long from, long to, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"UPDATE tenant.uplink SET {stream.Name} = $2, moved_at = $3 WHERE {stream.Name} = $1 AND set_config('synchronous_commit', 'off', true) = 'off'");
        command.Parameters.Add(new() { Value = from });
        command.Parameters.Add(new() { Value = to });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Puts all before the first message that was received then or later. Never forward.</summary>
    /// <param name="receivedFrom">In UTC.</param>
    /// <param name="actor">Who, for the audit log.</param>
    /// <param name="providerDatabase">The database that is caught up with by this; null: the one before.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task PutBackAsync(DateTimeOffset receivedFrom, string actor, string? providerDatabase, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            UPDATE tenant.uplink SET events = least(events, before), telemetry = least(telemetry, before), moved_at = $2, provider_database = coalesce($3, provider_database)
            FROM (SELECT min(sequence) - 1 AS before FROM tenant.telemetry WHERE received_at >= $1) AS first
            """, connection)
        { CommandTimeout = PutBackSeconds };
        command.Parameters.Add(new() { Value = receivedFrom });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        command.Parameters.Add(new() { Value = providerDatabase ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellationToken);
        await AuditLog.AppendAsync(connection, new AuditEntry(actor, "uplink.resend", receivedFrom.ToString("O")), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Interlocked.Increment(ref _putBacks);
    }

    /// <summary>The provider's database at the last checkpoint; null: there was none.</summary>
    public async Task<string?> ProviderDatabaseAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT provider_database FROM tenant.uplink");
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>Notes the first database. False: there is one.</summary>
    public async Task<bool> NoteProviderDatabaseAsync(string providerDatabase, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE tenant.uplink SET provider_database = $1 WHERE provider_database IS NULL");
        command.Parameters.Add(new() { Value = providerDatabase });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Where both cursors are, and when one moved last.</summary>
    public async Task<UplinkPosition> PositionAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT u.events, u.telemetry, u.moved_at, (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM tenant.telemetry_sequence) FROM tenant.uplink u");
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new UplinkPosition(row.GetInt64(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2), row.GetInt64(3));
    }

    /// <summary>How many messages wait (<see cref="MostCounted"/> at most), and since when the first.</summary>
    public async Task<(int Count, DateTimeOffset? Since)> WaitingAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT least(count(*), $1)::int, min(received_at) FROM ({string.Join(" UNION ALL ", UplinkStream.All.Select(Waiting))}) AS waiting");
        command.Parameters.Add(new() { Value = MostCounted });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt32(0), await row.IsDBNullAsync(1, cancellationToken) ? null : row.GetFieldValue<DateTimeOffset>(1));
    }

    private static string Waiting(UplinkStream stream) =>
        $"(SELECT received_at FROM tenant.telemetry WHERE sequence > (SELECT {stream.Name} FROM tenant.uplink) AND {stream.GoesUp} ORDER BY sequence LIMIT $1)";
}

/// <param name="Events">Of events and state: what is up to this sequence was acknowledged by the provider's broker.</param>
/// <param name="Telemetry">The same, of telemetry.</param>
/// <param name="MovedAt">When one of them moved.</param>
/// <param name="Newest">The sequence of the newest message that was stored here, whatever its stream.</param>
public sealed record UplinkPosition(long Events, long Telemetry, DateTimeOffset MovedAt, long Newest);
