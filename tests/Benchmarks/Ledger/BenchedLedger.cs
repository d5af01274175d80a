using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace IoTPlatform.Benchmarks.Ledger;

/// <summary>
/// Rows as years of issuing leave them, without the signatures: every certificate is a copy of a real one under a serial number and a name of its own, with its endpoint and,
/// for some, its revocation. Serial numbers and hashes of keys are as real ones are, so that what is issued afterwards meets indexes as they would be.
/// </summary>
internal static class BenchedLedger
{
    private const int Batch = 500_000;

    /// <summary>Written into without indexes and keys: in random order these cost more than all the rest, and are made at once in the end.</summary>
    private const string Tables = "ARRAY['ca.certificates', 'ca.endpoint_certificates', 'ca.revocations']::regclass[]";

    /// <summary>As <see cref="SerialOf"/>.</summary>
    private const string Serial = "int4send((1073741824 + i / 64)::int) || h.random";

    /// <summary>To select from: a serial number is made of it.</summary>
    private const string Random = "LATERAL (SELECT substr(sha256(int8send(i)), 1, 11) || set_byte('\\x00', 0, (i % 256)::int) AS random) h";

    /// <summary>DER content: four octets that grow with it, as with time, and twelve random ones; the last, which is the shard, goes round.</summary>
    /// <param name="number">1 to as many as were written.</param>
    public static byte[] SerialOf(long number)
    {
        var random = new byte[32];
        BinaryPrimitives.WriteInt64BigEndian(random, number);
        SHA256.HashData(random.AsSpan(0, sizeof(long)), random);
        var serial = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(serial, (int)(0x4000_0000 + (number / 64)));
        random.AsSpan(0, 11).CopyTo(serial.AsSpan(4));
        serial[15] = (byte)number;
        return serial;
    }

    public static async Task FillAsync(NpgsqlDataSource database, LedgerShape shape, TextWriter progress, CancellationToken cancellationToken)
    {
        var (issued, endpoints) = (shape.Issued, Math.Max(1, shape.Issued / shape.CertificatesOfEndpoint));
        // What the stack does in the background with new certificates is done for it below, or was done when they came.
        await RunAsync($"UPDATE ca.inventory_scan SET mapped_id = {long.MaxValue}, settled_id = {long.MaxValue}, counted_id = {long.MaxValue}");
        await RunAsync("INSERT INTO ca.expiry_scan (began, scanned_until, scanned_id) VALUES (now(), now() AT TIME ZONE 'UTC', 0) ON CONFLICT (only_row) DO UPDATE SET scanned_until = excluded.scanned_until");
        var (drop, make) = await IndexesAsync(database, cancellationToken);
        await RunAsync(string.Join(";\n", drop));
        for (var first = 1; first <= issued; first += Batch)
        {
            var last = Math.Min(issued, first + Batch - 1);
            await RunAsync($"""
                INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key_sha256, not_before, not_after, issued_at, der)
                SELECT {Serial}, n.name, ARRAY[n.name], c.issuer, c.issuer_key_id, '{shape.Profile}', 'builds-' || i % 4, 'bench', c.tenant, sha256(int8send(-i)), a.at, a.at + interval '30 days', a.at, c.der
                FROM generate_series({first}::bigint, {last}) i, (SELECT * FROM ca.certificates WHERE profile = '{shape.Copied}' LIMIT 1) c, {Random},
                  LATERAL (SELECT 'host-' || i % {endpoints} || '.example.com' AS name) n,
                  LATERAL (SELECT now() - interval '{shape.Days} days' * (({issued} - i) / {issued}.0) AS at) a
                """);
            await progress.WriteLineAsync($"{last} of {issued} certificates");
        }

        await progress.WriteLineAsync($"{endpoints} endpoints, and every {shape.RevokedOneIn}th certificate is revoked");
        // The newest of each: names go round.
        await RunAsync($"""
            INSERT INTO ca.endpoints (key, subject, profile, provisioner, tenant, first_issued_at, latest_id, latest_serial, latest_not_after)
              SELECT c.serial, c.subject, c.profile, c.provisioner, c.tenant, c.issued_at - interval '{shape.Days} days' * {shape.CertificatesOfEndpoint - 1} / {shape.CertificatesOfEndpoint}, c.id, c.serial, c.not_after
              FROM (SELECT * FROM ca.certificates ORDER BY id DESC LIMIT {endpoints}) c ORDER BY c.id
            """);
        await RunAsync("INSERT INTO ca.endpoint_names (name, endpoint) SELECT e.subject, e.id FROM ca.endpoints e WHERE e.subject LIKE 'host-%' ORDER BY 1");
        await RunAsync("""
            SET work_mem = '256MB';
            INSERT INTO ca.endpoint_certificates (serial, endpoint)
              SELECT c.serial, e.id FROM ca.certificates c JOIN ca.endpoints e ON e.subject = c.subject WHERE c.requester = 'bench' AND e.subject LIKE 'host-%'
            """);
        // Nobody listens for so many, and none is a Sub-CA.
        await RunAsync($"""
            ALTER TABLE ca.revocations DISABLE TRIGGER USER;
            INSERT INTO ca.revocations (serial, reason_code, revoked_by, revoked_at)
              SELECT {Serial}, 1, 'bench', now() FROM (SELECT n * {shape.RevokedOneIn} AS i FROM generate_series(1::bigint, {issued / shape.RevokedOneIn}) n) s, {Random};
            ALTER TABLE ca.revocations ENABLE TRIGGER USER;
            """);
        foreach (var definition in make)
        {
            var began = Stopwatch.GetTimestamp();
            await RunAsync(definition);
            await progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s: {definition}"));
        }

        await RunAsync("UPDATE ca.inventory_scan SET (mapped_id, settled_id, counted_id) = (SELECT max(id), max(id), max(id) FROM ca.certificates)");
        foreach (var table in (string[])["certificates", "revocations", "endpoints", "endpoint_names", "endpoint_certificates"])
        {
            await RunAsync($"VACUUM (ANALYZE) ca.{table}");
        }

        async Task RunAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Statements that take away, and that make again: keys before what refers to them.</summary>
    private static async Task<(IReadOnlyList<string> Drop, IReadOnlyList<string> Make)> IndexesAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname), format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)),
                CASE c.contype WHEN 'f' THEN 1 ELSE 2 END AS turn
              FROM pg_constraint c WHERE (c.contype = 'f' AND (c.confrelid = ANY ({Tables}) OR c.conrelid = ANY ({Tables}))) OR (c.contype = 'p' AND c.conrelid = ANY ({Tables}))
            UNION ALL SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), 3 FROM pg_index i WHERE i.indrelid = ANY ({Tables}) AND NOT i.indisunique
            ORDER BY turn
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (drop, make) = (new List<string>(), new List<string>());
        while (await reader.ReadAsync(cancellationToken))
        {
            drop.Add(reader.GetString(0));
            make.Insert(0, reader.GetString(1));
        }

        return (drop, make);
    }
}

/// <summary>What a ledger has after some time.</summary>
internal sealed record LedgerShape
{
    /// <summary>Of the one that is there and is copied.</summary>
    public required string Copied { get; init; }

    /// <summary>Of the copies.</summary>
    public required string Profile { get; init; }

    public required int Issued { get; init; }

    /// <summary>Over which they were issued; each is good for 30.</summary>
    public int Days { get; init; }

    /// <summary>One after the other.</summary>
    public int CertificatesOfEndpoint { get; init; } = 1;

    public int RevokedOneIn { get; init; } = 100;

    /// <summary>Certificates of 30 days over 400 days, ten of each endpoint: a thirteenth is in date.</summary>
    public static LedgerShape OfProvider(int issued) => new() { Copied = "service", Profile = "leaf", Issued = issued, Days = 400, CertificatesOfEndpoint = 10 };
}
