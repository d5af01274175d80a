using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>A signed CRL.</summary>
/// <param name="Number">cRLNumber.</param>
/// <param name="Mark">Of its shard, before its entries were read; null: unknown, it may miss some.</param>
/// <param name="ThisUpdate">When it was made; the list itself says a little earlier.</param>
/// <param name="NextUpdate">When it runs out.</param>
/// <param name="WholeAt">When it, or the one that it goes back to change by change, was made of all revocations.</param>
/// <param name="Der">The list.</param>
internal sealed record StoredRevocationList(long Number, RevocationMark? Mark, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, DateTimeOffset WholeAt, byte[] Der);

/// <summary>What goes into the next list.</summary>
/// <param name="Former">The list that goes on, without what was released; null: it is made of all there is.</param>
/// <param name="Revoked">Also some that <paramref name="Former"/> has.</param>
internal sealed record RevocationListEntries(SignedRevocations? Former, IReadOnlyList<RevokedSerial> Revoked);

/// <summary>The lists in the database and what goes into them. SQL, because it reads the ledger (docs/decisions/data-access.md).</summary>
internal sealed class RevocationListStore(NpgsqlDataSource database)
{
    private const int TimeoutSeconds = 5;
    private const int Complete = -1;

    /// <summary>That a list goes on with.</summary>
    private const int MostChanges = 10_000;

    /// <summary>The list, and its mark now: another one says that it is out of date.</summary>
    /// <param name="issuerKeyId">Whose list.</param>
    /// <param name="shard">Which part of it; null: all of it.</param>
    /// <param name="known">The one the caller has: it is not read again.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<(StoredRevocationList? List, RevocationMark Mark)> FindAsync(byte[] issuerKeyId, byte? shard, StoredRevocationList? known, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var (list, mark) = await FindAsync(connection, issuerKeyId, shard, known?.Number ?? -1, "", cancellationToken);
        return (list?.Number == known?.Number ? known : list, mark);
    }

    /// <summary>What a list that is made of all there is has.</summary>
    /// <param name="issuerKeyId">Whose list.</param>
    /// <param name="since">Certificates that were over by then are left out.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<RevokedSerial>> RevokedAsync(byte[] issuerKeyId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await AllAsync(connection, issuerKeyId, shard: null, since, cancellationToken);
    }

    /// <summary>Makes the next list, unless another process just did. One after the other: the row is locked until the list is stored.</summary>
    /// <param name="issuer">Whose list.</param>
    /// <param name="shard">Which part of it; null: all of it.</param>
    /// <param name="now">When the next list is made.</param>
    /// <param name="since">Certificates that were over by then are left out of a list that is made of all there is.</param>
    /// <param name="isCurrent">Whether the list there is will do.</param>
    /// <param name="goesOn">Whether the next one has its entries, and what has changed since.</param>
    /// <param name="sign">Of the entries and the number.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<StoredRevocationList> ReplaceAsync(
        IssuerInfo issuer, byte? shard, DateTimeOffset now, DateTimeOffset since, Func<StoredRevocationList, RevocationMark, bool> isCurrent, Predicate<StoredRevocationList> goesOn,
        Func<RevocationListEntries, long, (DateTimeOffset NextUpdate, byte[] Der)> sign, CancellationToken cancellationToken)
    {
        var issuerKeyId = issuer.SubjectKeyIdentifier.ToArray();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var insert = Command(connection, "INSERT INTO ca.revocation_lists (shard, issuer_key_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", issuerKeyId, shard))
        {
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }

        // The mark is read after the lock: whatever was revoked by then is in it.
        var (last, seen) = await FindAsync(connection, issuerKeyId, shard, known: -1, "FOR UPDATE OF l", cancellationToken);
        if (last is { Der.Length: > 0 } && isCurrent(last, seen))
        {
            return last;
        }

        // Greater than the last one's, and also than those of a time that a restored backup has forgotten.
        var number = Math.Max((last?.Number ?? 0) + 1, now.ToUnixTimeMilliseconds());
        // Before the entries: what is revoked in between is in both, and not in neither.
        var mark = await RevocationMark.ReadAsync(connection, shard, known: null, cancellationToken);
        // Of very many changes, all there is costs less to read.
        var former = last is { Der.Length: > 0, Mark: { } from } && from.Server == mark.Server && seen.Changes - from.Changes <= MostChanges && goesOn(last) ? TryRead(last.Der, issuer) : null;
        var entries = former is null
            ? new RevocationListEntries(Former: null, await AllAsync(connection, issuerKeyId, shard, since, cancellationToken))
            : await ChangedAsync(connection, issuerKeyId, shard, former, last!.Mark!, cancellationToken);
        var (nextUpdate, der) = sign(entries, number);
        var next = new StoredRevocationList(number, mark, now, nextUpdate, former is null ? now : last!.WholeAt, der);
        await using var update = Command(
            connection,
            """
            UPDATE ca.revocation_lists SET number = $3, this_update = $4, next_update = $5, whole_at = $6, der = $7, server = $8, changes = $9, since = $10
            WHERE shard = $1 AND issuer_key_id = $2
            """,
            issuerKeyId, shard, next.Number, next.ThisUpdate, next.NextUpdate, next.WholeAt, next.Der, mark.Server, mark.Changes);
        update.Parameters.Add(Xid(mark.Since));
        await update.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return next;
    }

    private static async Task<(StoredRevocationList? List, RevocationMark Mark)> FindAsync(
        NpgsqlConnection connection, byte[] issuerKeyId, byte? shard, long known, string locking, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            $"""
            SELECT l.number, l.this_update, l.next_update, CASE WHEN l.number = $3 THEN '' ELSE l.der END, l.server, l.since, l.changes, l.whole_at
            FROM ca.revocation_lists l WHERE l.shard = $1 AND l.issuer_key_id = $2 {locking}
            """,
            issuerKeyId, shard, known);
        StoredRevocationList? list = null;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken))
            {
                var isMarked = !await reader.IsDBNullAsync(4, cancellationToken);
                list = new StoredRevocationList(
                    reader.GetInt64(0), isMarked ? new RevocationMark(reader.GetFieldValue<DateTimeOffset>(4), reader.GetFieldValue<ulong>(5), reader.GetInt64(6)) : null,
                    reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2), isMarked ? reader.GetFieldValue<DateTimeOffset>(7) : DateTimeOffset.MinValue,
                    reader.GetFieldValue<byte[]>(3));
            }
        }

        return (list, await RevocationMark.ReadAsync(connection, shard, list?.Mark, cancellationToken));
    }

    /// <summary>Null: it is none of this issuer's, so it is made again.</summary>
    private static SignedRevocations? TryRead(byte[] list, IssuerInfo issuer)
    {
        try
        {
            return SignedRevocations.Read(list, issuer);
        }
        catch (PkiException)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<RevokedSerial>> AllAsync(
        NpgsqlConnection connection, byte[] issuerKeyId, byte? shard, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            $"""
            SELECT r.serial, r.revoked_at, r.reason_code, r.invalid_since FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial
            WHERE {Of("r")} AND c.issuer_key_id = $2 AND c.not_after >= $3 ORDER BY r.revoked_at, r.serial
            """,
            issuerKeyId, shard, since);
        command.CommandTimeout = TimeoutSeconds * 6;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<RevokedSerial>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(Entry(reader));
        }

        return entries;
    }

    private static async Task<RevocationListEntries> ChangedAsync(
        NpgsqlConnection connection, byte[] issuerKeyId, byte? shard, SignedRevocations former, RevocationMark since, CancellationToken cancellationToken)
    {
        // Those of a restored backup, which another server has numbered, come by as well, and change nothing.
        await using var command = Command(
            connection,
            $"""
            SELECT r.serial, r.revoked_at, r.reason_code, r.invalid_since FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial
            WHERE {Of("r")} AND c.issuer_key_id = $2 AND r.transaction_id >= $3 AND r.transaction_id < pg_snapshot_xmax(pg_current_snapshot())
            UNION ALL
            SELECT h.serial, NULL, NULL, NULL FROM ca.ended_holds h
            WHERE {Of("h")} AND h.transaction_id >= $3 AND h.transaction_id < pg_snapshot_xmax(pg_current_snapshot())
              AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = h.serial)
            """,
            issuerKeyId, shard);
        command.Parameters.Add(Xid(since.Since));
        command.CommandTimeout = TimeoutSeconds * 6;
        var (revoked, released) = (new List<RevokedSerial>(), new List<ReadOnlyMemory<byte>>());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (await reader.IsDBNullAsync(1, cancellationToken))
            {
                released.Add(reader.GetFieldValue<byte[]>(0));
            }
            else
            {
                revoked.Add(Entry(reader));
            }
        }

        return new RevocationListEntries(former.Without(released), revoked);
    }

    private static RevokedSerial Entry(NpgsqlDataReader row) => new(
        row.GetFieldValue<byte[]>(0), row.GetFieldValue<DateTimeOffset>(1), (RevocationReason)row.GetInt16(2), row.IsDBNull(3) ? null : row.GetFieldValue<DateTimeOffset>(3));

    private static string Of(string table) => $"($1::int = {Complete} OR get_byte({table}.serial, octet_length({table}.serial) - 1) = $1)";

    private static NpgsqlParameter Xid(ulong value) => new() { Value = value, NpgsqlDbType = NpgsqlDbType.Xid8 };

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
