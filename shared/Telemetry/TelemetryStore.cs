using Npgsql;

namespace IoTPlatform.Telemetry;

/// <summary>Writes batches, on one connection that is kept and replaced when it breaks. For one writer.</summary>
public sealed class TelemetryStore(NpgsqlDataSource database, TelemetryTable table, TelemetryPartitions partitions, TimeProvider time)
{
    /// <summary>For one batch, connecting included.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private NpgsqlConnection? _connection;
    private InsertTelemetry? _insert;

    /// <summary>
    /// How many of them were not there yet. After an exception nothing was
    /// stored, or it is unknown whether; storing them again is harmless then.
    /// </summary>
    public async Task<int> StoreAsync(IReadOnlyList<TelemetryMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
        {
            return 0;
        }

        using var timer = new CancellationTokenSource(Timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            foreach (var day in messages.Select(message => DateOnly.FromDateTime(message.SentAt.UtcDateTime)).Distinct())
            {
                await partitions.EnsureAsync(day, deadline.Token);
            }

            var insert = _insert ?? await ConnectAsync(deadline.Token);
            return await insert.ExecuteAsync(messages, deadline.Token);
        }
        catch (Exception e) when (!IsAboutARow(e))
        {
            await DisconnectAsync();
            throw;
        }
    }

    /// <summary>22: data exception, 23: constraint. Whatever else the database says is no message's fault, and waiting for an operator loses nothing.</summary>
    public static bool IsAboutARow(Exception e) => e is PostgresException { SqlState: ['2', '2' or '3', ..] };

    /// <summary>Who may be given out a message twice: the value of <see cref="TelemetryTable.SourceOf"/>.</summary>
    public string SourceOf(TelemetryMessage message) => table.SourceOf(message).Value;

    /// <summary>
    /// Identities of the last messages without a timestamp from where this one is that were received later than that, as many as that at most. What a process that was killed, or
    /// has lost its broker, is committing is among them.
    /// </summary>
    public async Task<List<byte[]>> LastStoredAsync(TelemetryMessage message, DateTimeOffset after, int count, CancellationToken cancellationToken)
    {
        var (column, value) = table.SourceOf(message);
        // Without a timestamp of its own a message has that of its receipt. The inner limit: a source may have none of them among millions.
        await using var batch = database.CreateBatch();
        if (table.Turn is { } turn)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(turn));
        }

        var command = new NpgsqlBatchCommand(
            $"""
            SELECT identity FROM
              (SELECT identity, sent_at, received_at FROM {table.Name} WHERE {column} = $1 AND sent_at > $3 ORDER BY sent_at DESC LIMIT 20 * $2) AS last
            WHERE sent_at = received_at ORDER BY sent_at DESC LIMIT $2
            """);
        command.Parameters.Add(new() { Value = value });
        command.Parameters.Add(new() { Value = count });
        command.Parameters.Add(new() { Value = after });
        batch.BatchCommands.Add(command);
        batch.Timeout = (int)Timeout.TotalSeconds;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (table.Turn is not null)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        var identities = new List<byte[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            identities.Add(reader.GetFieldValue<byte[]>(0));
        }

        return identities;
    }

    public async Task DisconnectAsync()
    {
        if (_insert is not null)
        {
            await _insert.DisposeAsync();
        }

        _insert = null;
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _connection = null;
    }

    private async Task<InsertTelemetry> ConnectAsync(CancellationToken cancellationToken)
    {
        _connection = await database.OpenConnectionAsync(cancellationToken);
        return _insert = await InsertTelemetry.PrepareAsync(_connection, table.Insert, Timeout, cancellationToken);
    }
}
