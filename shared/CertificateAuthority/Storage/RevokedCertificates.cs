using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>What belongs into CRLs.</summary>
internal sealed class RevokedCertificates(NpgsqlDataSource database)
{
    private const int TimeoutSeconds = 5;

    /// <summary>Grows with every revocation: rows are never deleted.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT count(*) FROM ca.revocations");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Those that would still be valid (RFC 5280 5: an expired certificate may leave the list).</summary>
    public async Task<IReadOnlyList<RevokedCertificate>> ListAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT c.serial, c.issuer_key_id, c.profile, c.subject, r.revoked_at
            FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial WHERE c.not_after >= $1 ORDER BY r.revoked_at, c.serial
            """);
        command.Parameters.AddWithValue(now);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var revoked = new List<RevokedCertificate>();
        while (await reader.ReadAsync(cancellationToken))
        {
            revoked.Add(new RevokedCertificate(
                reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4)));
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
