using Npgsql;

namespace IoTPlatform.Hosting.Events;

/// <summary>Makes a consumer's effect happen once, however often the event comes: what it has handled commits together with what it did.</summary>
public sealed class Inbox(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>False: this consumer has handled the event before, and nothing was done. A delivery at the same moment waits for the other's outcome.</summary>
    /// <param name="effect">Only through this connection, which is in the transaction.</param>
    public async Task<bool> OnceAsync(string consumer, Guid eventId, Func<NpgsqlConnection, Task> effect, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var claim = new NpgsqlCommand("INSERT INTO events.inbox (consumer, event_id, handled_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", connection)
        {
            Parameters = { new() { Value = consumer }, new() { Value = eventId }, new() { Value = time.GetUtcNow() } },
        };
        if (await claim.ExecuteNonQueryAsync(cancellationToken) == 0)
            return false;
        await effect(connection);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>At most <paramref name="limit"/> rows; returns how many.</summary>
    public async Task<int> ForgetAsync(DateTimeOffset handledBefore, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "DELETE FROM events.inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM events.inbox WHERE handled_at < $1 LIMIT $2))");
        command.Parameters.AddWithValue(handledBefore);
        command.Parameters.AddWithValue(limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
