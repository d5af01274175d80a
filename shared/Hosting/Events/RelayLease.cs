using Npgsql;

namespace IoTPlatform.Hosting.Events;

/// <summary>The right to relay, for one process per database. The position is written over the lock's own connection, so a relay that lost the lock can't move it.</summary>
internal sealed class RelayLease : IAsyncDisposable
{
    /// <summary>"iot-evnt" in ASCII.</summary>
    private const long Lock = 0x696f742d65766e74;

    private readonly AdvisoryLease _lease;

    private RelayLease(AdvisoryLease lease) => _lease = lease;

    /// <summary>Null: another process has it.</summary>
    public static async Task<RelayLease?> TryAcquireAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        await AdvisoryLease.TryAcquireAsync(database, Lock, cancellationToken) is { } lease ? new RelayLease(lease) : null;

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

    public ValueTask DisposeAsync() => _lease.DisposeAsync();

    private NpgsqlCommand Command(string sql, object value) => new(sql, _lease.Connection) { Parameters = { new() { Value = value } } };
}
