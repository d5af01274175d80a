using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Pki;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>What upstream was asked for and is to be told. A database that is away is 503.</summary>
/// <param name="root">SHA-256 of the root upstream, lower-case hex: other upstreams' orders are kept, and nothing of them is told.</param>
internal sealed class UpstreamStore(NpgsqlDataSource database, string root, TimeProvider time)
{
    private const int SettledAtOnce = 200;

    /// <summary>The order is on record; or the ledger would refuse the certificate, or has it already.</summary>
    public Task<(long Id, LedgerOutcome? Outcome)> AskAsync(Order order, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT id, outcome, stored_der, stored_key FROM ca.ask_upstream($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)");
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(order.Subject);
        command.Parameters.AddWithValue(order.Requester);
        command.Parameters.AddWithValue(order.Template.Profile.Name);
        command.Parameters.AddWithValue(root);
        command.Parameters.AddWithValue(order.PublicKeySha256);
        command.Parameters.Add(Nullable(order.Renews, NpgsqlDbType.Bytea));
        command.Parameters.Add(Nullable(order.Lineage, NpgsqlDbType.Text));
        command.Parameters.Add(Nullable(order.StoredIdempotencyKey, NpgsqlDbType.Text));
        command.Parameters.Add(Nullable(order.Token?.Hash, NpgsqlDbType.Bytea));
        command.Parameters.Add(Nullable(order.Tenant, NpgsqlDbType.Text));
        command.Parameters.AddWithValue(order.Template.NotAfter.ToUniversalTime());
        command.Parameters.Add(Nullable(order.RecentSince(order.Template.NotBefore, order.Template.NotAfter), NpgsqlDbType.TimestampTz));
        command.Parameters.Add(Nullable(order.BoundedRecentLimit, NpgsqlDbType.Integer));
        command.Parameters.Add(Nullable(order.Quota?.TenantPerHour, NpgsqlDbType.Integer));
        command.Parameters.Add(Nullable(IssuanceBudget.Write(order.Budgets), NpgsqlDbType.Text));
        command.Parameters.AddWithValue(order.Provisioner);
        command.Parameters.AddWithValue(order.Sans());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(1)
            ? (reader.GetInt64(0), null)
            : (0L, LedgerOutcome.Parse(reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2), reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3)));
    });

    /// <summary>Upstream certainly did nothing.</summary>
    public Task ForgetAsync(long id, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("DELETE FROM ca.upstream_orders WHERE id = $1 AND serial IS NULL");
        command.Parameters.AddWithValue(id);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>Before the ledger has it: what is only here after a moment, from now on, is revoked upstream.</summary>
    public Task AnsweredAsync(long id, ParsedCertificate leaf, ReadOnlyMemory<byte> request, AcceptedIssuer issuer, CertificateChain chain, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            WITH issuer AS (INSERT INTO ca.upstream_issuers (key_id, chain, seen_at) VALUES ($4, $5, $6) ON CONFLICT (key_id) DO UPDATE SET chain = excluded.chain WHERE ca.upstream_issuers.chain <> excluded.chain)
            UPDATE ca.upstream_orders SET serial = $2, not_after = $3, request = $7, settled = false, asked_at = $6 WHERE id = $1
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(leaf.SerialNumber.ToArray());
        command.Parameters.AddWithValue(leaf.NotAfter.ToUniversalTime());
        command.Parameters.AddWithValue(issuer.KeyId);
        command.Parameters.AddWithValue(chain.Certificates.Select(certificate => certificate.RawData).ToArray());
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(request.ToArray());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>The ledger will never have it.</summary>
    public Task RejectedAsync(long id, X509Certificate2 certificate, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("UPDATE ca.upstream_orders SET serial = $2, not_after = $3, settled = false, asked_at = $4 WHERE id = $1");
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(certificate.SerialNumberBytes.ToArray());
        command.Parameters.AddWithValue(certificate.NotAfterUtc());
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>The request that got a certificate, DER; null: it is not upstream's, or was forgotten.</summary>
    public Task<byte[]?> RequestOfAsync(byte[] serial, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT request FROM ca.upstream_orders WHERE serial = $1");
        command.Parameters.AddWithValue(serial);
        return await command.ExecuteScalarAsync(cancellationToken) as byte[];
    });

    public Task<IReadOnlyList<UpstreamAuthority>> IssuersAsync(CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<UpstreamAuthority>>(async () =>
    {
        await using var command = database.CreateCommand("SELECT chain FROM ca.upstream_issuers ORDER BY seen_at DESC, key_id LIMIT 100");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var issuers = new List<UpstreamAuthority>();
        while (await reader.ReadAsync(cancellationToken))
        {
            issuers.Add(new UpstreamAuthority(new CertificateChain(reader.GetFieldValue<byte[][]>(0).Select(der => X509CertificateLoader.LoadCertificate(der)))));
        }

        return issuers;
    });

    /// <summary>Finds what upstream signed and the ledger never had.</summary>
    public Task SettleAsync(CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        int found;
        do
        {
            await using var command = database.CreateCommand("SELECT ca.settle_upstream($1, $2)");
            command.Parameters.AddWithValue(time.GetUtcNow());
            command.Parameters.AddWithValue(SettledAtOnce);
            found = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        while (found == SettledAtOnce);
        return true;
    });

    /// <summary>The next revocation that upstream is to be told, reserved for a minute; null: none is due.</summary>
    public Task<UpstreamRevocation?> NextRevocationAsync(CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            UPDATE ca.upstream_revocations SET due_at = $1 + interval '1 minute', attempts = attempts + 1
            WHERE serial = (SELECT r.serial FROM ca.upstream_revocations r WHERE r.root = $2 AND r.due_at <= $1 ORDER BY r.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING serial, reason_code, attempts
            """);
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(root);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new UpstreamRevocation(reader.GetFieldValue<byte[]>(0), reader.GetInt16(1), reader.GetInt32(2)) : null;
    });

    public Task DoneAsync(UpstreamRevocation revocation, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("DELETE FROM ca.upstream_revocations WHERE serial = $1");
        command.Parameters.AddWithValue(revocation.Serial);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    public Task PostponeAsync(UpstreamRevocation revocation, TimeSpan delay, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("UPDATE ca.upstream_revocations SET due_at = $2 WHERE serial = $1");
        command.Parameters.AddWithValue(revocation.Serial);
        command.Parameters.AddWithValue(time.GetUtcNow() + delay);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}

/// <param name="Serial">As the certificate has it.</param>
/// <param name="ReasonCode">RFC 5280 5.3.1.</param>
/// <param name="Attempts">With this one.</param>
internal sealed record UpstreamRevocation(byte[] Serial, int ReasonCode, int Attempts);
