using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>What belongs into CRLs.</summary>
internal sealed class RevokedCertificates(NpgsqlDataSource database)
{
    private const int TimeoutSeconds = 5;

    /// <summary>The same as before: nothing has been revoked, put on hold or released since. Null: from now on.</summary>
    public async Task<RevocationMark> MarkAsync(RevocationMark? known, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await RevocationMark.ReadAsync(connection, shard: null, known, cancellationToken);
    }

    /// <summary>Those that were still in date at that moment (RFC 5280 5: an expired certificate may leave the list).</summary>
    public Task<IReadOnlyList<RevokedCertificate>> ListAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        ReadAsync("c.not_after >= $1", since, cancellationToken);

    /// <summary>Those of them that are revoked or on hold.</summary>
    public Task<IReadOnlyList<RevokedCertificate>> FindAsync(byte[][] serials, CancellationToken cancellationToken) => ReadAsync("r.serial = ANY ($1)", serials, cancellationToken);

    private async Task<IReadOnlyList<RevokedCertificate>> ReadAsync(string condition, object value, CancellationToken cancellationToken)
    {
        await using var command = Command(
            $"""
            SELECT c.serial, c.issuer_key_id, c.profile, c.subject, r.revoked_at, r.reason_code
            FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial WHERE {condition} ORDER BY r.revoked_at, c.serial
            """);
        command.Parameters.AddWithValue(value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var revoked = new List<RevokedCertificate>();
        while (await reader.ReadAsync(cancellationToken))
        {
            revoked.Add(new RevokedCertificate(
                reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4),
                (RevocationReason)reader.GetInt16(5)));
        }

        return revoked;
    }

    private NpgsqlCommand Command(string sql)
    {
        var command = database.CreateCommand(sql);
        command.CommandTimeout = TimeoutSeconds;
        return command;
    }
}
