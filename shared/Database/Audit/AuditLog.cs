using System.Data;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Audit;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>The append-only, hash-chained log (schema <c>audit</c>).</summary>
public sealed class AuditLog(NpgsqlDataSource dataSource)
{
    /// <summary>In a transaction of its own. Returns the sequence number.</summary>
    public async Task<long> AppendAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await AppendAsync(connection, entry, cancellationToken);
    }

    /// <summary>In the connection's current transaction; let it be the last statement, others wait for it. Returns the sequence number.</summary>
    public static async Task<long> AppendAsync(NpgsqlConnection connection, AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT audit.append($1, $2, $3, $4)", connection)
        {
            Parameters = { Text(entry.Actor), Text(entry.Action), Text(entry.Subject), Text(entry.Details) },
        };
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Recomputes the whole chain outside the database, streamed, on one snapshot.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="progress">Told now and then how far it is.</param>
    public async Task<AuditVerification> VerifyAsync(CancellationToken cancellationToken, IProgress<AuditProgress>? progress = null)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (last, head) = await ReadHeadAsync(connection, cancellationToken);
        await using var command = new NpgsqlCommand("SELECT sequence, at, actor, action, subject, details, hash FROM audit.entries ORDER BY sequence", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var chain = new AuditChain();
        while (await reader.ReadAsync(cancellationToken))
        {
            var sequence = reader.GetInt64(0);
            if (sequence != chain.Sequence + 1)
            {
                return Broken(chain, chain.Sequence + 1, "an entry is missing");
            }

            var before = chain.Head;
            var hash = chain.Next(reader.GetDateTime(1), new AuditEntry(reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5)));
            if (!hash.AsSpan().SequenceEqual(reader.GetFieldValue<byte[]>(6)))
            {
                return new AuditVerification { Entries = sequence - 1, Intact = false, BrokenAt = sequence, Reason = "an entry was changed, inserted or moved", Head = Convert.ToHexStringLower(before) };
            }

            if (sequence % AuditProgress.Every == 0)
            {
                progress?.Report(new AuditProgress(sequence, last));
            }
        }

        return chain.Sequence < last ? Broken(chain, chain.Sequence + 1, "the last entries are missing")
            : chain.Sequence > last ? Broken(chain, last + 1, "entries follow the recorded end of the log")
            : !chain.Head.AsSpan().SequenceEqual(head) ? Broken(chain, last, "the recorded end of the log is another one")
            : new AuditVerification { Entries = chain.Sequence, Intact = true, Head = Convert.ToHexStringLower(chain.Head) };
    }

    /// <summary>The last entry's number and hash; zeroes before the first.</summary>
    public async Task<AuditHead> HeadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var (sequence, hash) = await ReadHeadAsync(connection, cancellationToken);
        return new AuditHead { Sequence = sequence, Hash = Convert.ToHexStringLower(hash) };
    }

    /// <summary>Entries with a sequence number above <paramref name="after"/>, oldest first.</summary>
    public Task<IReadOnlyList<AuditEntryView>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        ListAsync(new AuditQuery { Cursor = after, Limit = limit }, cancellationToken);

    public async Task<IReadOnlyList<AuditEntryView>> ListAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand();
        AuditSearch.Build(command, query);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<AuditEntryView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new AuditEntryView
            {
                Sequence = reader.GetInt64(0),
                At = reader.GetFieldValue<DateTimeOffset>(1),
                Actor = reader.GetString(2),
                Action = reader.GetString(3),
                Subject = reader.GetString(4),
                Details = reader.GetString(5),
                Hash = Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(6)),
            });
        }

        return entries;
    }

    private static async Task<(long Sequence, byte[] Hash)> ReadHeadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT sequence, hash FROM audit.head", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)) : (0, []);
    }

    private static AuditVerification Broken(AuditChain chain, long at, string reason) =>
        new() { Entries = chain.Sequence, Intact = false, BrokenAt = at, Reason = reason, Head = Convert.ToHexStringLower(chain.Head) };

    // PostgreSQL's text holds no NUL; what a caller was sent must not be able to prevent its own audit entry.
    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value.Replace('\0', '\ufffd') };
}

/// <param name="Actor">Who: <c>admin</c>, <c>tenant:acme</c>, <c>device:pump-1</c>, <c>system</c>.</param>
/// <param name="Action">Dotted verb, for example <c>certificate.issued</c>.</param>
/// <param name="Details">JSON object; never a secret.</param>
public sealed record AuditEntry(string Actor, string Action, string Subject, string Details = "{}");

/// <summary>Builds the JSON object of <see cref="AuditEntry.Details"/> from plain values.</summary>
public static class AuditDetails
{
    /// <summary>Members without a value are left out.</summary>
    public static string Of(params ReadOnlySpan<(string Name, JsonNode? Value)> members)
    {
        var json = new JsonObject();
        foreach (var (name, value) in members)
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }

        return json.ToJsonString();
    }
}
