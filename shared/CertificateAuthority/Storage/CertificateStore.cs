using IoTPlatform.Pki;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>Everything about the schema <c>ca</c> that is not the ledger's batch. A database that is away is 503.</summary>
/// <param name="database">Has it.</param>
/// <param name="looks">How many certificates are looked through for a page of what no index finds.</param>
internal sealed class CertificateStore(NpgsqlDataSource database, int looks = CertificateQuery.LookedThrough)
{
    private const int ImportSeconds = 60;

    /// <summary>Null when the intent is on record now; else the certificate an earlier order with the same idempotency key got.</summary>
    public Task<LedgerOutcome?> IntendAsync(Intent intent, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT stored_der, stored_key FROM ca.intend($1,$2,$3,$4,$5,$6,$7,$8,$9)");
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(intent.Serial);
        command.Parameters.AddWithValue(intent.Subject);
        command.Parameters.AddWithValue(intent.Profile);
        command.Parameters.AddWithValue(intent.Issuer);
        command.Parameters.AddWithValue(intent.TbsSha256);
        command.Parameters.AddWithValue(intent.Requester);
        command.Parameters.Add(Nullable(intent.IdempotencyKey));
        command.Parameters.AddWithValue(CertificateAudit.OfIntent(intent.Serial, intent.Profile, intent.TbsSha256));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? LedgerOutcome.Parse("exists", reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1))
            : null;
    });

    public Task<RevocationOutcome> RevokeAsync(Revocation revocation, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await Revocations.RevokeAsync(connection, revocation, now, cancellationToken);
    });

    public Task<ReleaseOutcome> ReleaseAsync(Release release, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await Revocations.ReleaseAsync(connection, release, now, cancellationToken);
    });

    public Task<IReadOnlyList<byte[]>> RevokeKeyAsync(KeyRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await Revocations.RevokeKeyAsync(connection, revocation, now, cancellationToken);
    });

    public Task<IReadOnlyList<byte[]>> RevokeProfileAsync(ProfileRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await Revocations.RevokeProfileAsync(connection, revocation, now, cancellationToken);
    });

    public Task<CertificateCensus> CountAsync(CertificateSelection selection, DateTimeOffset now, CancellationToken cancellationToken) =>
        Outage.GuardAsync(() => CertificateCounting.CountAsync(database, selection, now, cancellationToken));

    public Task<CertificateRecord?> FindAsync(byte[] serial, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(CertificateRow.Select + " WHERE c.serial = $1");
        command.Parameters.AddWithValue(serial);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? CertificateRow.Read(reader) : null;
    });

    /// <summary>The newest certificate with this subject key and profile, revoked or not.</summary>
    public Task<CertificateRecord?> FindByKeyAsync(byte[] publicKeySha256, CertificateProfile profile, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(CertificateRow.Select + " WHERE c.public_key_sha256 = $1 AND c.profile = $2 ORDER BY c.id DESC LIMIT 1");
        command.Parameters.AddWithValue(publicKeySha256);
        command.Parameters.AddWithValue(profile.Name);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? CertificateRow.Read(reader) : null;
    });

    public Task<IReadOnlyList<byte[]>> DistrustedKeysAsync(IReadOnlyList<byte[]> publicKeysSha256, CertificateProfile profile, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        // 4, 5: RevocationReasons.LeavesKeyTrusted
        await using var command = database.CreateCommand("""
            SELECT DISTINCT c.public_key_sha256 FROM ca.certificates c JOIN ca.revocations r ON r.serial = c.serial
            WHERE c.public_key_sha256 = ANY ($1) AND c.profile = $2 AND r.reason_code NOT IN (4, 5)
            """);
        command.Parameters.AddWithValue(publicKeysSha256.ToArray());
        command.Parameters.AddWithValue(profile.Name);
        return await ReadBytesAsync(command, cancellationToken);
    });

    /// <summary>In a transaction of its own.</summary>
    public Task<(int Imported, int Known, int Revoked, byte[][] Taken)> ImportAsync(
        IReadOnlyList<ImportedRow> rows, AcceptedIssuer issuer, string? tenant, string by, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        var profile = Profiles.Leaf.Name;
        await using var command = database.CreateCommand("SELECT imported, known, revoked, taken FROM ca.import($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)");
        command.CommandTimeout = ImportSeconds;
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(by);
        command.Parameters.AddWithValue(issuer.CommonName);
        command.Parameters.AddWithValue(issuer.KeyId);
        command.Parameters.AddWithValue(profile);
        command.Parameters.Add(Nullable(tenant));
        command.Parameters.AddWithValue(rows.Select(row => row.Serial).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Subject).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Sans).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Provisioner).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.PublicKeySha256).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Certificate.NotBefore.ToUniversalTime()).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Certificate.NotAfter.ToUniversalTime()).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Certificate.Der.ToArray()).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => CertificateAudit.Of(row.Serial, profile, row.Certificate.Der.Span, issuer.KeyId)).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Revocation?.RevokedAt).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => (int?)row.Revocation?.ReasonCode).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Revocation?.Reason).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Revocation is { } revoked ? CertificateAudit.OfRevocation(row.Serial, revoked.ReasonCode, invalidSince: null) : null).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetFieldValue<byte[][]>(3));
    });

    public Task<CertificatePage> ListAsync(CertificateQuery query, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        if (SerialNumber.TryParse(query.Text, out var serial) && await ListAsync(query, serial, cancellationToken) is { Items.Count: > 0 } named)
        {
            return named;
        }

        return await ListAsync(query, serial: null, cancellationToken);
    });

    private async Task<CertificatePage> ListAsync(CertificateQuery query, byte[]? serial, CancellationToken cancellationToken)
    {
        var limit = Math.Clamp(query.Limit, 1, CertificateQuery.MaxLimit);
        var last = serial is null && CertificateSearch.ReadsAll(query) ? await LastLookedThroughAsync(query, cancellationToken) : null;
        await using var command = database.CreateCommand();
        CertificateSearch.Build(command, query, limit + 1, serial, last);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var records = new List<CertificateRecord>();
        while (await reader.ReadAsync(cancellationToken))
        {
            records.Add(CertificateRow.Read(reader));
        }

        return records.Count > limit ? new CertificatePage(records[..limit], records[limit - 1].Id) : new CertificatePage(records, last);
    }

    /// <summary>Null: there are not so many.</summary>
    private async Task<long?> LastLookedThroughAsync(CertificateQuery query, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        CertificateSearch.BuildLast(command, query, looks);
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    /// <summary>Whether one of these issuers has a certificate that is neither expired, revoked nor renewed, of another profile than those.</summary>
    public Task<bool> IsIssuerInUseAsync(byte[][] issuerKeyIds, IEnumerable<CertificateProfile> except, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            SELECT EXISTS (
              SELECT FROM ca.certificates c
              WHERE c.issuer_key_id = ANY ($1) AND c.not_after > $2 AND c.profile <> ALL ($3)
                AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial)
                AND NOT EXISTS (SELECT FROM ca.certificates n WHERE n.renews = c.serial))
            """);
        command.Parameters.AddWithValue(issuerKeyIds);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(except.Select(profile => profile.Name).ToArray());
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    });

    /// <summary>By its index, however many there are without a tenant: EXISTS would look for one among all.</summary>
    internal const string AnyOfATenant = "SELECT c.id FROM ca.certificates c WHERE c.tenant IS NOT NULL AND c.profile <> 'device' ORDER BY c.tenant, c.id LIMIT 1";

    /// <summary>Whether any certificate was ever issued for a tenant, other than a device's.</summary>
    public async Task<bool> HasTenantsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(AnyOfATenant);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>False if it has been spent before.</summary>
    public Task<bool> SpendAsync(UsedToken token, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("INSERT INTO ca.used_tokens (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        command.Parameters.AddWithValue(token.Hash);
        command.Parameters.AddWithValue(token.Expires);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    });

    /// <summary>Forgets tokens that would be refused as expired anyway.</summary>
    public Task<int> ForgetTokensAsync(DateTimeOffset expiredBefore, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("DELETE FROM ca.used_tokens WHERE expires_at < $1");
        command.Parameters.AddWithValue(expiredBefore);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>One batch of a scan for certificates that are about to run out; see <c>ca.tell_expiring</c>.</summary>
    /// <param name="first">Begins a scan; false goes on with it.</param>
    public Task<ExpiryBatch> PublishExpiringAsync(DateTimeOffset now, int limit, bool first, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT told, more FROM ca.tell_expiring($1,$2,$3)");
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(limit);
        command.Parameters.AddWithValue(first);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new ExpiryBatch(reader.GetInt32(0), reader.GetBoolean(1));
    });

    internal static async Task<IReadOnlyList<byte[]>> ReadBytesAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var values = new List<byte[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            values.Add(reader.GetFieldValue<byte[]>(0));
        }

        return values;
    }

    private static NpgsqlParameter Nullable(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}

/// <param name="Told">Certificates whose audit entry was written by this call.</param>
/// <param name="More">There may be more that are due.</param>
internal readonly record struct ExpiryBatch(int Told, bool More);
