using IoTPlatform.Contracts.Telemetry;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>What is to go up, in the order in which it was committed, and how far it went.</summary>
internal sealed class UplinkCursor(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Of the waiting messages no more are counted.</summary>
    public const int MostCounted = 10_000;

    /// <summary>As the index has it.</summary>
    private const string GoesUp = $"starts_with(topic, '{TelemetryFormat.TopicPrefix}')";

    private int _putBacks;

    /// <summary>Another number than before: it was put back meanwhile.</summary>
    public int PutBacks => Volatile.Read(ref _putBacks);

    public async Task<long> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT sequence FROM tenant.uplink");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The next messages behind a sequence.</summary>
    public async Task<IReadOnlyList<UplinkMessage>> NextAsync(long after, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT sequence, topic, payload, sent_at, received_at FROM tenant.telemetry WHERE sequence > $1 AND {GoesUp} ORDER BY sequence LIMIT $2");
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

    /// <summary>Forward only, and not where it was put back meanwhile: a resend wins over what was under way before it. False then.</summary>
    public async Task<bool> MoveAsync(long from, long to, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE tenant.uplink SET sequence = $2, moved_at = $3 WHERE sequence = $1");
        command.Parameters.Add(new() { Value = from });
        command.Parameters.Add(new() { Value = to });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Puts it before the first message that was received then or later. Never forward.</summary>
    public async Task PutBackAsync(DateTimeOffset receivedFrom, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "UPDATE tenant.uplink SET sequence = least(sequence, (SELECT min(sequence) - 1 FROM tenant.telemetry WHERE received_at >= $1)), moved_at = $2");
        command.Parameters.Add(new() { Value = receivedFrom });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await command.ExecuteNonQueryAsync(cancellationToken);
        Interlocked.Increment(ref _putBacks);
    }

    /// <summary>How many messages wait (<see cref="MostCounted"/> at most), and since when the first.</summary>
    public async Task<(int Count, DateTimeOffset? Since)> WaitingAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"""
            SELECT count(*)::int, min(received_at) FROM
              (SELECT received_at FROM tenant.telemetry WHERE sequence > (SELECT sequence FROM tenant.uplink) AND {GoesUp} ORDER BY sequence LIMIT $1) AS waiting
            """);
        command.Parameters.Add(new() { Value = MostCounted });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt32(0), await row.IsDBNullAsync(1, cancellationToken) ? null : row.GetFieldValue<DateTimeOffset>(1));
    }
}
