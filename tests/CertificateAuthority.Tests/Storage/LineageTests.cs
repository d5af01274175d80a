using IoTPlatform.CertificateAuthority.Storage;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>What comes from one occasion stays together, and ends together: <c>ca.revoke_tenant</c>.</summary>
public sealed class LineageTests : LedgerTestBase
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [SkippableFact]
    public async Task Record_Renewal_KeepsTheLineageWhateverTheOrderSays()
    {
        var first = LedgerRows.New(lineage: "join:1");
        await RecordAsync(first);
        var renewal = LedgerRows.New(renews: first.Serial, lineage: "join:2");

        await RecordAsync(renewal);

        (await Database.ScalarAsync<string>("SELECT lineage FROM ca.certificates WHERE serial = $1", renewal.Serial)).ShouldBe("join:1");
    }

    [SkippableFact]
    public async Task RevokeTenant_OneLineage_EndsItsRenewalsTooAndNothingElse()
    {
        var first = LedgerRows.New(lineage: "join:1");
        await RecordAsync(first, LedgerRows.New("other", lineage: "join:2"));
        await RecordAsync(LedgerRows.New(renews: first.Serial));

        (await RevokeAsync(lineage: "join:1")).ShouldBe(2);

        (await Database.ScalarAsync<string>("SELECT string_agg(c.subject, '') FROM ca.certificates c WHERE NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial)")).ShouldBe("other");
        (await RecordAsync(LedgerRows.New(lineage: "join:1"), LedgerRows.New(lineage: "join:2"))).Select(o => o.Status).ShouldBe([LedgerStatus.LineageRevoked, LedgerStatus.Stored]);
        await ShouldHaveIntactAuditAsync(6);
        (await Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'certificate.revoked' AND details LIKE '{\"serial\":\"%\",\"reason_code\":5}'")).ShouldBe(2);
    }

    [SkippableFact]
    public async Task RevokeTenant_AllButOneLineage_AlsoWhatHasNone()
    {
        await RecordAsync(LedgerRows.New("kept", lineage: "join:2"), LedgerRows.New("old", lineage: "join:1"), LedgerRows.New("older"));

        (await RevokeAsync(keep: "join:2")).ShouldBe(2);

        (await RecordAsync(LedgerRows.New(lineage: "join:2"), LedgerRows.New(lineage: "join:1"))).Select(o => o.Status).ShouldBe([LedgerStatus.Stored, LedgerStatus.LineageRevoked]);
    }

    [SkippableFact]
    public async Task RevokeTenant_LineageFromWhichNothingWasIssuedYet_GetsNothing()
    {
        (await RevokeAsync(bar: ["join:9"])).ShouldBe(0);

        (await RecordAsync(LedgerRows.New(lineage: "join:9")))[0].Status.ShouldBe(LedgerStatus.LineageRevoked);
    }

    [SkippableFact]
    public async Task RevokeTenant_OneProfileButOneKey_LetsTheLineageGoOn()
    {
        var kept = LedgerRows.New("kept", "sub", lineage: "join:1");
        await RecordAsync(kept, LedgerRows.New("gone", "sub", lineage: "join:1"), LedgerRows.New("bridge", lineage: "join:1"));

        (await RevokeAsync(profile: "sub", keepKey: kept.PublicKeySha256)).ShouldBe(1);

        (await RecordAsync(LedgerRows.New(renews: kept.Serial, profile: "sub")))[0].Status.ShouldBe(LedgerStatus.Stored);
    }

    [SkippableFact]
    public async Task RevokeTenant_OfAnotherTenantOrExpired_IsNotTouched()
    {
        await RecordAsync(LedgerRows.New());

        (await RevokeAsync(tenant: "globex")).ShouldBe(0);
        (await RevokeAsync(now: Now.AddDays(2))).ShouldBe(0);
    }

    [SkippableFact]
    public async Task RevokeTenant_AmongManyCertificates_ReadsTheTenantsAlone()
    {
        await Database.ExecuteAsync("""
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key_sha256, not_before, not_after, issued_at, der)
              SELECT int8send(g), 's' || g, '{}', 'Issuer', '', 'leaf', 'p', 'tester', CASE WHEN g % 100 = 0 THEN 'globex' END, sha256(int4send(g)), '2029-12-31', '2030-01-02', '2029-12-31', sha256('x')
                FROM generate_series(1, 30000) g
            """);
        await Database.ExecuteAsync("ANALYZE ca.certificates");
        await RecordAsync(LedgerRows.New("one"), LedgerRows.New("two"));
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        (await ScalarAsync("SELECT count(*) FROM ca.revoke_tenant('2030-01-01Z', 'acme', NULL, NULL, NULL, NULL, '{}', 5, 'removed', 'admin')")).ShouldBe(2);

        (await ScalarAsync("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE schemaname = 'ca' AND relname = 'certificates'")).ShouldBe(0, "it went through the whole table");

        async Task<long> ScalarAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    private async Task<int> RevokeAsync(string tenant = "acme", string? lineage = null, string? keep = null, string? profile = null, byte[]? keepKey = null, string[]? bar = null, DateTimeOffset? now = null)
    {
        await using var command = Database.DataSource.CreateCommand("SELECT count(*) FROM ca.revoke_tenant($1, $2, $3, $4, $5, $6, $7, 5, 'removed', 'admin')");
        command.Parameters.AddWithValue(now ?? Now);
        command.Parameters.AddWithValue(tenant);
        Add(lineage, NpgsqlTypes.NpgsqlDbType.Text);
        Add(keep, NpgsqlTypes.NpgsqlDbType.Text);
        Add(profile, NpgsqlTypes.NpgsqlDbType.Text);
        Add(keepKey, NpgsqlTypes.NpgsqlDbType.Bytea);
        command.Parameters.AddWithValue(bar ?? []);
        return (int)(long)(await command.ExecuteScalarAsync())!;

        void Add(object? value, NpgsqlTypes.NpgsqlDbType type) => command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
    }

    private async Task<LedgerOutcome[]> RecordAsync(params LedgerEntry[] batch)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var command = await LedgerCommand.PrepareAsync(connection, TimeSpan.FromSeconds(30), CancellationToken.None);
        return await command.ExecuteAsync(batch, Now, CancellationToken.None);
    }
}
