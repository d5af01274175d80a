using Npgsql;

namespace IoTPlatform.Hosting.Events;

/// <summary>The audit log as the relay reads it, and how far it got.</summary>
/// <param name="connection">That of the relay's lock: a relay that lost it can't move the position.</param>
internal sealed class AuditOutbox(NpgsqlConnection connection)
{
    /// <summary>The next acts, oldest first. Whatever is visible is complete: an entry gets its number only after the one before it was committed.</summary>
    public async Task<IReadOnlyList<RecordedAct>> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT sequence, at, actor, action, subject, details, hash FROM audit.entries WHERE sequence > (SELECT position FROM events.relay) ORDER BY sequence LIMIT $1", limit);
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
        await using var command = Command("UPDATE events.relay SET position = $1", position);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, object value) => new(sql, connection) { Parameters = { new() { Value = value } } };
}
