using System.Globalization;
using Npgsql;

namespace IoTPlatform.Benchmarks.Revocation;

/// <summary>Rows as issuing and revoking leave them, without the signatures: every certificate is a copy of a real device's under a serial number of its own.</summary>
internal static class BenchedLedger
{
    private const int Batch = 100_000;

    /// <summary>Eight octets; the last, which is the shard, goes round.</summary>
    private const string Serial = "decode('40' || lpad(to_hex(i), 12, '0') || lpad(to_hex(i % 256), 2, '0'), 'hex')";

    public static byte[] SerialOf(long number) => Convert.FromHexString(string.Create(CultureInfo.InvariantCulture, $"40{number:x12}{number % 256:x2}"));

    public static async Task FillAsync(NpgsqlDataSource database, int issued, int revoked, TextWriter progress, CancellationToken cancellationToken)
    {
        // In random order an index costs more than all the rest: those that no row needs are made again in the end.
        var indexes = await IndexesAsync(database, cancellationToken);
        foreach (var (name, _) in indexes)
        {
            await RunAsync($"DROP INDEX {name}");
        }

        for (var first = 1; first <= issued; first += Batch)
        {
            await RunAsync($"""
                INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key_sha256, not_before, not_after, issued_at, der)
                SELECT {Serial}, 'bench-' || i, ARRAY['bench-' || i], c.issuer, c.issuer_key_id, c.profile, 'bench', 'bench', c.tenant, sha256(int8send(i)), now(), now() + interval '30 days', now(), c.der
                FROM generate_series({first}::bigint, {Math.Min(issued, first + Batch - 1)}) i, (SELECT * FROM ca.certificates WHERE profile = 'device' LIMIT 1) c
                """);
            await progress.WriteLineAsync($"{Math.Min(issued, first + Batch - 1)} of {issued}");
        }

        foreach (var (_, definition) in indexes)
        {
            await RunAsync(definition);
        }

        // Nobody listens for so many, and none is a Sub-CA.
        await RunAsync($"""
            ALTER TABLE ca.revocations DISABLE TRIGGER USER;
            INSERT INTO ca.revocations (serial, reason_code, revoked_by, revoked_at) SELECT {Serial}, 1, 'bench', now() FROM generate_series(1::bigint, {revoked}) i;
            ALTER TABLE ca.revocations ENABLE TRIGGER USER;
            """);
        await RunAsync("VACUUM (ANALYZE) ca.certificates");
        await RunAsync("VACUUM (ANALYZE) ca.revocations");

        async Task RunAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task<IReadOnlyList<(string Name, string Definition)>> IndexesAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = 'ca.certificates'::regclass AND NOT i.indisunique");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var indexes = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            indexes.Add((reader.GetString(0), reader.GetString(1)));
        }

        return indexes;
    }
}
