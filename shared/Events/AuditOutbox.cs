using System.Text.Json;
using Npgsql;

namespace IoTPlatform.Events;

/// <summary>The audit log as the relay reads it, and how far it got.</summary>
/// <param name="connection">That of the relay's lock: a relay that lost it can't move the position.</param>
internal sealed class AuditOutbox(NpgsqlConnection connection)
{
    /// <summary>How far the relay got, and the newest entry. Whatever is visible is complete: an entry gets its number only after the one before it was committed.</summary>
    public async Task<(long Position, long Newest)> PositionAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT relay.position, head.sequence FROM events.relay, audit.head", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>The next operations of these kinds, oldest first.</summary>
    public async Task<IReadOnlyList<RecordedOperation>> ReadAsync(long after, long until, string[] actions, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT {RecordedOperation.Columns} FROM audit.entries WHERE sequence > $1 AND sequence <= $2 AND action = ANY ($3) ORDER BY sequence LIMIT $4", connection)
        {
            Parameters = { new() { Value = after }, new() { Value = until }, new() { Value = actions }, new() { Value = limit } },
        };
        return await RecordedOperation.ReadAllAsync(command, cancellationToken);
    }

    public async Task AdvanceAsync(long position, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("UPDATE events.relay SET position = $1", connection) { Parameters = { new() { Value = position } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>An entry of the audit log on its way to become an event.</summary>
/// <param name="EventId">From the entry's hash, so it is the same whenever the entry is read.</param>
public sealed record RecordedOperation(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, string Details, Guid EventId)
{
    /// <summary>What <see cref="ReadAllAsync"/> expects of a row of <c>audit.entries</c>, in this order.</summary>
    public const string Columns = "sequence, at, actor, action, subject, details, hash";

    /// <summary>A member of the details, as text; null: there is none of that name.</summary>
    public string? Find(string name)
    {
        using var json = JsonDocument.Parse(Details);
        return json.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
    }

    public string Detail(string name) => Find(name) ?? throw new InvalidOperationException($"The operation says nothing of {name}.");

    public static async Task<List<RecordedOperation>> ReadAllAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var operations = new List<RecordedOperation>();
        while (await reader.ReadAsync(cancellationToken))
        {
            operations.Add(new RecordedOperation(
                reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                new Guid(reader.GetFieldValue<byte[]>(6).AsSpan(0, 16), bigEndian: true)));
        }

        return operations;
    }
}
