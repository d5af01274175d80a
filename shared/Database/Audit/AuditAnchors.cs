using IoTPlatform.Contracts.Audit;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>Heads of other stacks' audit logs, each in an entry of ours: a log that is rewritten no longer holds what others have noted.</summary>
public sealed class AuditAnchors(NpgsqlDataSource database, AuditLog log, TimeProvider time)
{
    /// <summary>Sooner than this an anchor is not written: the other side must not be able to fill our log.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromHours(12);

    public Task<AuditHead> HeadAsync(CancellationToken cancellationToken) => log.HeadAsync(cancellationToken);

    /// <summary>The last anchor is old enough for the next.</summary>
    public async Task<bool> IsDueAsync(string other, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT 1 FROM platform.audit_anchors WHERE other = $1 AND anchored_at > $2");
        command.Parameters.Add(new NpgsqlParameter { Value = other });
        command.Parameters.Add(new NpgsqlParameter { Value = time.GetUtcNow() - Shortest });
        return await command.ExecuteScalarAsync(cancellationToken) is null;
    }

    /// <summary>Writes <c>audit.anchored</c>, or <c>audit.anchor_behind</c> for a log that is shorter than it was; nothing when the last one is too fresh.</summary>
    public async Task RecordAsync(string other, AuditHead head, CancellationToken cancellationToken)
    {
        if (head.Sequence < 0 || head.Hash.Length != 64 || !head.Hash.All(char.IsAsciiHexDigitLower))
        {
            throw new ProblemException(400, "bad_audit_head", "A head is a sequence number and 64 lower-case hex digits.");
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var now = time.GetUtcNow();
        await using var last = new NpgsqlCommand("SELECT sequence, anchored_at FROM platform.audit_anchors WHERE other = $1 FOR UPDATE", connection) { Parameters = { new() { Value = other } } };
        long known = 0;
        await using (var reader = await last.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken))
            {
                known = reader.GetInt64(0);
                if (reader.GetFieldValue<DateTimeOffset>(1) > now - Shortest)
                {
                    return;
                }
            }
        }

        await using var store = new NpgsqlCommand(
            "INSERT INTO platform.audit_anchors (other, sequence, hash, anchored_at) VALUES ($1, $2, $3, $4) ON CONFLICT (other) DO UPDATE SET sequence = $2, hash = $3, anchored_at = $4", connection)
        {
            Parameters = { new() { Value = other }, new() { Value = head.Sequence }, new() { Value = head.Hash }, new() { Value = now } },
        };
        await store.ExecuteNonQueryAsync(cancellationToken);
        var details = AuditDetails.Of(("sequence", head.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("head", head.Hash));
        await AuditLog.AppendAsync(connection, new AuditEntry("system", head.Sequence < known ? "audit.anchor_behind" : "audit.anchored", other, details), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
