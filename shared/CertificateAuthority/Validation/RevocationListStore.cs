using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>A signed CRL.</summary>
/// <param name="Number">cRLNumber.</param>
/// <param name="Revocations">The shard's <c>ca.revocation_mark</c> when it was made, of all issuers.</param>
/// <param name="ThisUpdate">When it was made; the list itself says a little earlier.</param>
/// <param name="NextUpdate">When it runs out.</param>
/// <param name="Der">The list.</param>
internal sealed record StoredRevocationList(long Number, long Revocations, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, byte[] Der);

/// <summary>The lists in the database and what goes into them. SQL, because it reads the ledger (docs/decisions/data-access.md).</summary>
internal sealed class RevocationListStore(NpgsqlDataSource database)
{
    private const int TimeoutSeconds = 5;
    private const int Complete = -1;
    private const string Of = "($1::int = -1 OR get_byte(r.serial, octet_length(r.serial) - 1) = $1)";

    /// <summary>The list and the shard's mark now: see <c>ca.revocation_mark</c>.</summary>
    /// <param name="issuerKeyId">Whose list.</param>
    /// <param name="shard">Which part of it; null: all of it.</param>
    /// <param name="known">The one the caller has: it is not read again.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<(StoredRevocationList? List, long Revocations)> FindAsync(byte[] issuerKeyId, byte? shard, StoredRevocationList? known, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var (list, revocations) = await FindAsync(connection, issuerKeyId, shard, known?.Number ?? -1, "", cancellationToken);
        return (list?.Number == known?.Number ? known : list, revocations);
    }

    /// <summary>Makes the next list, unless another process just did. One after the other: the row is locked until the list is stored.</summary>
    /// <param name="issuerKeyId">Whose list.</param>
    /// <param name="shard">Which part of it; null: all of it.</param>
    /// <param name="now">When the next list is made.</param>
    /// <param name="since">Certificates that were over by then are left out.</param>
    /// <param name="isCurrent">Whether the list there is will do.</param>
    /// <param name="sign">Of the entries and the number.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<StoredRevocationList> ReplaceAsync(
        byte[] issuerKeyId, byte? shard, DateTimeOffset now, DateTimeOffset since, Func<StoredRevocationList, long, bool> isCurrent,
        Func<IReadOnlyList<RevokedSerial>, long, (DateTimeOffset NextUpdate, byte[] Der)> sign, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var insert = Command(connection, "INSERT INTO ca.revocation_lists (shard, issuer_key_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", issuerKeyId, shard))
        {
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }

        var (last, revocations) = await FindAsync(connection, issuerKeyId, shard, known: -1, "FOR UPDATE OF l", cancellationToken);
        if (last is { Der.Length: > 0 } && isCurrent(last, revocations))
        {
            return last;
        }

        // Greater than the last one's, and also than those of a time that a restored backup has forgotten.
        var number = Math.Max((last?.Number ?? 0) + 1, now.ToUnixTimeMilliseconds());
        var (nextUpdate, der) = sign(await EntriesAsync(connection, issuerKeyId, shard, since, cancellationToken), number);
        var next = new StoredRevocationList(number, revocations, now, nextUpdate, der);
        await using var update = Command(
            connection,
            "UPDATE ca.revocation_lists SET number = $3, revocations = $4, this_update = $5, next_update = $6, der = $7 WHERE shard = $1 AND issuer_key_id = $2",
            issuerKeyId, shard, next.Number, next.Revocations, next.ThisUpdate, next.NextUpdate, next.Der);
        await update.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return next;
    }

    private static async Task<(StoredRevocationList? List, long Revocations)> FindAsync(
        NpgsqlConnection connection, byte[] issuerKeyId, byte? shard, long known, string locking, CancellationToken cancellationToken)
    {
        // The mark is read after the lock: whatever was revoked by then is in it.
        await using var command = Command(
            connection,
            $"""
            SELECT l.number, l.revocations, l.this_update, l.next_update, CASE WHEN l.number = $3 THEN '' ELSE l.der END
            FROM ca.revocation_lists l WHERE l.shard = $1 AND l.issuer_key_id = $2 {locking}
            """,
            issuerKeyId, shard, known);
        StoredRevocationList? list = null;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken))
            {
                list = new StoredRevocationList(
                    reader.GetInt64(0), reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetFieldValue<byte[]>(4));
            }
        }

        await using var mark = new NpgsqlCommand("SELECT ca.revocation_mark($1)", connection) { CommandTimeout = TimeoutSeconds };
        mark.Parameters.AddWithValue((int)(shard ?? Complete));
        return (list, (long)(await mark.ExecuteScalarAsync(cancellationToken))!);
    }

    private static async Task<IReadOnlyList<RevokedSerial>> EntriesAsync(
        NpgsqlConnection connection, byte[] issuerKeyId, byte? shard, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT r.serial, r.revoked_at, r.reason_code FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial
            WHERE {Of} AND c.issuer_key_id = $2 AND c.not_after >= $3 ORDER BY r.revoked_at, r.serial
            """,
            connection)
        { CommandTimeout = TimeoutSeconds * 6 };
        command.Parameters.AddWithValue((int)(shard ?? Complete));
        command.Parameters.AddWithValue(issuerKeyId);
        command.Parameters.AddWithValue(since);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<RevokedSerial>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new RevokedSerial(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<DateTimeOffset>(1), (RevocationReason)reader.GetInt16(2)));
        }

        return entries;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, byte[] issuerKeyId, byte? shard, params ReadOnlySpan<object> more)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = TimeoutSeconds };
        command.Parameters.AddWithValue((short)(shard ?? Complete));
        command.Parameters.AddWithValue(issuerKeyId);
        foreach (var value in more)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }
}
