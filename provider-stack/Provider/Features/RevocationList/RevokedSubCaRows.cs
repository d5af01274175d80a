using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Npgsql;

namespace IoTPlatform.Provider.Features.RevocationList;

/// <summary>Which Sub-CAs are revoked, and the list that was signed last.</summary>
internal static class RevokedSubCaRows
{
    /// <summary>"sub-cas" in ASCII: one process signs at a time, until its transaction ends.</summary>
    private const long Lock = 0x007375622d636173;

    public static Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        RunAsync(connection, "SELECT pg_advisory_xact_lock($1)", cancellationToken, Lock);

    /// <summary>
    /// Those that have not expired: an expired one is refused by its date. With a key that can't be trusted any more (a reason that is not
    /// superseded or cessationOfOperation, RFC 5280 5.3.1) every certificate of it is in, also one that was signed at that very moment.
    /// </summary>
    public static async Task<IReadOnlyList<RevokedSerial>> EntriesAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            SELECT c.serial, min(r.revoked_at) FROM ca.revocations r JOIN ca.certificates named ON named.serial = r.serial
            JOIN ca.certificates c ON c.tenant = named.tenant AND c.profile = named.profile AND c.public_key_sha256 = named.public_key_sha256
            WHERE named.profile = $1 AND (c.serial = named.serial OR r.reason_code NOT IN (4, 5)) AND c.not_after > $2 GROUP BY c.serial ORDER BY c.serial
            """, connection) { Parameters = { new() { Value = Profiles.TenantSubCa.Name }, new() { Value = now } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<RevokedSerial>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new RevokedSerial(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return entries;
    }

    public static async Task<RevokedSubCas?> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT der FROM provider.revoked_sub_cas", connection);
        return await command.ExecuteScalarAsync(cancellationToken) is byte[] der ? RevokedSubCas.Parse(der) : null;
    }

    public static Task SaveAsync(NpgsqlConnection connection, RevokedSubCas list, CancellationToken cancellationToken) => RunAsync(
        connection, "INSERT INTO provider.revoked_sub_cas (number, der) VALUES ($1, $2) ON CONFLICT (singleton) DO UPDATE SET number = excluded.number, der = excluded.der",
        cancellationToken, list.Number, list.Der.ToArray());

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
