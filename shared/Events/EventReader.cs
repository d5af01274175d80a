using IoTPlatform.Contracts.Events;
using Npgsql;

namespace IoTPlatform.Events;

/// <summary>The events of this stack's audit log, for readers that keep their own position in it, beside the relay.</summary>
public sealed class EventReader(NpgsqlDataSource database, EventMappers mappers)
{
    /// <summary>That there can be.</summary>
    public IReadOnlySet<string> Types => mappers.Types;

    /// <summary>The number of the newest entry: who reads from it gets what happens from now on.</summary>
    public async Task<long> NewestAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT sequence FROM audit.head");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The next ones of these types, oldest first.</summary>
    /// <param name="after">Position of the reader.</param>
    /// <param name="types">Of events.</param>
    /// <param name="limit">Entries at most.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    public async Task<EventPage> ReadAsync(long after, IReadOnlySet<string> types, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var outbox = new AuditOutbox(connection);
        var (_, newest) = await outbox.PositionAsync(cancellationToken);
        var actions = mappers.ActionsOf(types);
        var operations = newest == after || actions.Length == 0 ? [] : await outbox.ReadAsync(after, newest, actions, limit, cancellationToken);
        return new EventPage(operations.Count == 0 ? [] : await mappers.MapAsync(operations, cancellationToken), operations.Count == limit ? operations[^1].Sequence : newest, operations.Count == limit);
    }
}

/// <param name="Events">In the order of their sequence numbers.</param>
/// <param name="Position">Behind all of them.</param>
/// <param name="More">There may be more at once.</param>
public sealed record EventPage(IReadOnlyList<PlatformEvent> Events, long Position, bool More);
