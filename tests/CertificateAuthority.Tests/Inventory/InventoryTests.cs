using IoTPlatform.CertificateAuthority.Inventory;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests.Inventory;

/// <summary>Which certificates are one endpoint's, and which are forgotten. Days are counted from <see cref="Start"/>, two years ago.</summary>
public sealed class InventoryTests : LedgerTestBase
{
    private static readonly DateTimeOffset Start = new DateTimeOffset(TimeProvider.System.GetUtcNow().Date, TimeSpan.Zero).AddDays(-730);

    [SkippableFact]
    public async Task Renewals_AreOneEndpointAndAnotherTokenMakesAnother()
    {
        var first = await StoreAsync("a.test", day: 0);
        var renewed = await StoreAsync("a.test", day: 1, renews: first);
        await StoreAsync("a.test", day: 2, renews: renewed);
        await StoreAsync("a.test", day: 2);

        await MapAsync();

        (await EndpointsAsync()).ShouldBe(["a.test: 3", "a.test: 1"]);
        (await Database.ScalarAsync<DateTimeOffset>("SELECT max(latest_not_after) FROM ca.endpoints")).ShouldBe(Start.AddDays(3));
    }

    /// <summary>Whatever the order of names and their case.</summary>
    [SkippableFact]
    public async Task Names_OfAProvisionerThatRenewsNothing_AreOneEndpoint()
    {
        await StoreAsync("a.test", provisioner: "web", sans: ["a.test", "b.test"]);
        await StoreAsync("A.test", day: 1, provisioner: "web", sans: ["B.test", "a.TEST"]);
        await StoreAsync("a.test", day: 1, provisioner: "web", sans: ["a.test"]);
        await StoreAsync("a.test", day: 1, provisioner: "other", sans: ["a.test", "b.test"]);
        await StoreAsync("b.test", day: 1, provisioner: "web", sans: ["b.test", "a.test"]);
        await StoreAsync("c.test", day: 1, provisioner: "web", sans: ["a.test", "b.test"]);

        await MapAsync("web");

        (await EndpointsAsync()).ShouldBe(["a.test: 3", "a.test: 1", "a.test: 1", "c.test: 1"]);
    }

    [SkippableFact]
    public async Task Device_EnrolledAgain_IsTheSameEndpointAndAuthoritiesAreNone()
    {
        await StoreAsync("pump", profile: "device");
        await StoreAsync("pump", day: 5, profile: "device");
        await StoreAsync("Intermediate", profile: "intermediate");
        await StoreAsync("Factory CA", profile: "issuer");
        await StoreAsync("OCSP", profile: "ocsp-responder");

        await MapAsync();

        (await EndpointsAsync()).ShouldBe(["pump: 2"]);
    }

    [SkippableFact]
    public async Task Pass_InBatches_PutsEachOnce()
    {
        byte[]? last = null;
        for (var day = 0; day < 7; day++)
        {
            last = await StoreAsync("a.test", day, renews: last);
        }

        (await MapAsync(limit: 2)).ShouldBe(7);
        (await MapAsync(limit: 2)).ShouldBe(0);
        (await EndpointsAsync()).ShouldBe(["a.test: 7"]);
    }

    /// <summary>Numbers are given before commits: one that commits later than its successor must not be passed over.</summary>
    [SkippableFact]
    public async Task Certificate_CommittedBehindThePass_IsPutByTheNext()
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using (var slow = await connection.BeginTransactionAsync())
        {
            await StoreAsync("slow.test", day: 0, on: connection);
            await StoreAsync("quick.test", day: 0);
            await MapAsync(at: Start.AddMinutes(1));
            await slow.CommitAsync();
        }

        await MapAsync(at: Start.AddMinutes(2));

        (await EndpointsAsync()).ShouldBe(["quick.test: 1", "slow.test: 1"]);
    }

    [SkippableFact]
    public async Task Purge_ForgetsWhatEndedAndKeepsWhatIsStillNeeded()
    {
        var ended = await StoreAsync("ended.test", day: 0);
        await Database.ExecuteAsync("INSERT INTO ca.told_expiring VALUES ($1, now() - interval '2 days')", ended);
        await StoreAsync("young.test", day: 300);
        await StoreAsync("Root", profile: "root");
        var revoked = await StoreAsync("revoked.test", day: 0);
        await Database.ExecuteAsync("INSERT INTO ca.revocations VALUES ($1, 1, NULL, 'x', now())", revoked);
        var first = await StoreAsync("renewed.test", day: 0);
        await StoreAsync("renewed.test", day: 300, renews: first);
        await MapAsync();

        (await PurgeAsync(endedBefore: 200, limit: 2)).ShouldBe(2);
        (await PurgeAsync(endedBefore: 200, limit: 2)).ShouldBe(0);

        (await Database.ScalarAsync<string[]>("SELECT array_agg(subject ORDER BY subject) FROM ca.certificates")).ShouldBe(["Root", "renewed.test", "revoked.test", "young.test"]);
        (await EndpointsAsync()).ShouldBe(["renewed.test: 1", "revoked.test: 1", "young.test: 1"]);
    }

    /// <summary>An event is made from its certificate: while the relay is behind, what happened since is still told.</summary>
    [SkippableFact]
    public async Task Purge_WhileEventsAreNotTold_ForgetsNothingOfThem()
    {
        await Database.ExecuteAsync("INSERT INTO audit.entries VALUES ((SELECT position + 1 FROM events.relay), $1, 'x', 'certificate.issued', 'ended.test', '{}', sha256('x'))", Start.AddDays(-1));
        await StoreAsync("ended.test", day: 0);
        await MapAsync();

        (await PurgeAsync(endedBefore: 200)).ShouldBe(0);
        await Database.ExecuteAsync("UPDATE events.relay SET position = position + 1");
        (await PurgeAsync(endedBefore: 200)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Surplus_OfGoodCertificates_IsToldOnceADay()
    {
        byte[]? last = null;
        foreach (var _ in Enumerable.Range(0, 3))
        {
            last = await StoreAsync("a.test", day: 10, renews: last);
        }

        await StoreAsync("b.test", day: 10);
        await StoreAsync("b.test", day: 10);
        (await SurplusAsync(day: 10.1, most: 3)).ShouldBeEmpty();
        last = await StoreAsync("a.test", day: 10, renews: last);
        (await SurplusAsync(day: 10.2, most: 3)).ShouldBe([$"a.test {SerialNumber.ToHex(last)} 4"]);
        last = await StoreAsync("a.test", day: 10, renews: last);
        (await SurplusAsync(day: 10.3, most: 3)).ShouldBeEmpty("it was told today");

        foreach (var day in new[] { 11, 11, 11, 11 })
        {
            last = await StoreAsync("a.test", day, renews: last);
        }

        (await SurplusAsync(day: 11.3, most: 3)).ShouldBe([$"a.test {SerialNumber.ToHex(last!)} 4"], "those of yesterday have ended");
    }

    [SkippableFact]
    public async Task Surplus_OfRevokedOrEndedCertificates_IsNone()
    {
        var first = await StoreAsync("a.test", day: 9);
        var second = await StoreAsync("a.test", day: 10, renews: first);
        var third = await StoreAsync("a.test", day: 10, renews: second);
        await StoreAsync("a.test", day: 10, renews: third);
        await Database.ExecuteAsync("INSERT INTO ca.revocations VALUES ($1, 6, NULL, 'x', now())", third);

        (await SurplusAsync(day: 10.1, most: 2)).ShouldBeEmpty();
    }

    /// <summary>Numbers are given before commits: one that is put to its endpoint late is counted as well.</summary>
    [SkippableFact]
    public async Task Surplus_InBatchesAndAfterASlowCommit_IsToldToo()
    {
        var (one, two) = (await StoreAsync("a.test", day: 10), await StoreAsync("b.test", day: 10));
        await StoreAsync("b.test", day: 10, renews: two);
        (await SurplusAsync(day: 10.001, most: 1, limit: 1)).Count.ShouldBe(1);
        await StoreAsync("a.test", day: 10, renews: one);

        (await SurplusAsync(day: 10.002, most: 1, limit: 1)).Count.ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData("UPDATE ca.certificates SET subject = 'x'")]
    [InlineData("DELETE FROM ca.certificates WHERE profile = 'root'")]
    [InlineData("DELETE FROM ca.certificates WHERE profile = 'issuer'")]
    [InlineData("DELETE FROM ca.certificates WHERE subject = 'young.test'")]
    public async Task Certificates_ThatAreNoHistoryYet_AreNotDeleted(string sql)
    {
        await StoreAsync("Root", profile: "root");
        await StoreAsync("Factory CA", profile: "issuer");
        await StoreAsync("young.test", day: 710);

        (await Should.ThrowAsync<PostgresException>(Database.ExecuteAsync(sql))).MessageText.ShouldContain("append-only");
    }

    /// <summary>A page is found by an index, whatever is asked for: that ten million are no different from a few thousand.</summary>
    [SkippableTheory]
    [InlineData("provisioner", "certificates_provisioner")]
    [InlineData("issuer", "certificates_issuer")]
    [InlineData("name", "endpoint_names_pkey")]
    [InlineData("subject", "certificates_subject")]
    [InlineData("endpoint", "endpoint_certificates_endpoint")]
    [InlineData("", "certificates_id")]
    [InlineData("valid", "certificates_id")]
    [InlineData("profile", "certificates_profile")]
    [InlineData("expiring", "certificates_end")]
    [InlineData("expired", "certificates_end")]
    [InlineData("after", "certificates_end")]
    [InlineData("serial", "certificates_pkey")]
    public async Task FirstPage_OfAFilter_IsFoundByItsIndex(string filter, string index)
    {
        await Database.ExecuteAsync("""
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
              SELECT decode(lpad(to_hex(n), 16, '0'), 'hex'), 's' || n, ARRAY['s' || n], 'Issuer ' || n % 40, '\x01', CASE WHEN n % 1000 = 0 THEN 'tenant-sub-ca' ELSE 'leaf' END, 'provisioner ' || n % 40, 'x', sha256(int4send(n)), now(), now() + interval '1 day', now(), '\x00'
              FROM generate_series(1, 4000) n
            """);
        await MapAsync();
        await Database.ExecuteAsync("ANALYZE ca.certificates, ca.endpoints, ca.endpoint_names, ca.endpoint_certificates, ca.revocations");
        var query = filter switch
        {
            "provisioner" => new CertificateQuery { Provisioner = "provisioner 7" },
            "issuer" => new CertificateQuery { Issuer = "Issuer 7" },
            "name" => new CertificateQuery { Name = "S77" },
            "subject" => new CertificateQuery { Subject = "s77" },
            "endpoint" => new CertificateQuery { Endpoint = 77 },
            "profile" => new CertificateQuery { Profile = "tenant-sub-ca", Revoked = false },
            "expiring" => new CertificateQuery { Order = CertificateOrder.SoonestEnd, Revoked = false, ExpiringAfter = TimeProvider.System.GetUtcNow(), ExpiringBefore = TimeProvider.System.GetUtcNow().AddDays(30) },
            "expired" => new CertificateQuery { Order = CertificateOrder.LatestEnd, Revoked = false, ExpiringBefore = TimeProvider.System.GetUtcNow().AddDays(2) },
            "after" => new CertificateQuery { Order = CertificateOrder.LatestEnd, ExpiringBefore = TimeProvider.System.GetUtcNow().AddDays(2), Cursor = 77 },
            "valid" => new CertificateQuery { Revoked = false, ExpiringAfter = TimeProvider.System.GetUtcNow() },
            _ => new CertificateQuery(),
        };

        await using var command = Database.DataSource.CreateCommand();
        CertificateSearch.Build(command, query, 51, filter == "serial" ? [0, 77] : null);
        var plan = await PlanAsync(command);
        plan.ShouldContain(index);
        plan.ShouldNotContain("Seq Scan on certificates");
    }

    /// <summary>Of a fleet that renews, and whose certificates of months are on record: what ended or was renewed is not read.</summary>
    [SkippableFact]
    public async Task FirstPage_OfExpiringEndpoints_IsFoundByItsIndex()
    {
        await Database.ExecuteAsync("""
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
              SELECT decode(lpad(to_hex(n), 16, '0'), 'hex'), 's' || n, ARRAY['s' || n], 'Issuer', '\x01', 'leaf', 'x', 'x', sha256(int4send(n)), a.at, a.at + interval '30 days', a.at, '\x00'
              FROM generate_series(1, 4000) n, LATERAL (SELECT now() - interval '100 days' + n * interval '36 minutes' AS at) a
            """);
        await MapAsync();
        await Database.ExecuteAsync("ANALYZE ca.certificates, ca.endpoints, ca.endpoint_names, ca.endpoint_certificates, ca.revocations");

        await using var command = new InventoryStore(Database.DataSource, () => [], TimeProvider.System).Command(new EndpointQuery { Expiring = true }, 51);
        var plan = await PlanAsync(command);
        plan.ShouldContain("Index Scan Backward using certificates_expiring");
        plan.ShouldNotContain("Sort Key: (ca.expiring_from");
    }

    /// <summary>Each start of a provider asks for it, of whose certificates none may be a tenant's.</summary>
    [SkippableFact]
    public async Task AnyOfATenant_IsFoundByItsIndex()
    {
        await Database.ExecuteAsync("""
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key_sha256, not_before, not_after, issued_at, der)
              SELECT decode(lpad(to_hex(n), 16, '0'), 'hex'), 's' || n, ARRAY['s' || n], 'Issuer', '\x01', 'leaf', 'x', 'x', CASE WHEN n > 3000 THEN 'acme' END, sha256(int4send(n)), now(), now() + interval '30 days', now(), '\x00'
              FROM generate_series(1, 4000) n;
            ANALYZE ca.certificates;
            """);

        await using var command = Database.DataSource.CreateCommand(CertificateStore.AnyOfATenant);
        var plan = await PlanAsync(command);
        plan.ShouldContain("certificates_tenant");
        plan.ShouldNotContain("Seq Scan");
    }

    private static async Task<string> PlanAsync(NpgsqlCommand command)
    {
        command.CommandText = "EXPLAIN " + command.CommandText;
        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        return string.Join('\n', plan);
    }

    private async Task<byte[]> StoreAsync(
        string subject, int day = 0, string profile = "leaf", string provisioner = "iot-bridge", string[]? sans = null, byte[]? renews = null, NpgsqlConnection? on = null)
    {
        var serial = SerialNumber.Create(DateTimeOffset.UnixEpoch);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, renews, der)
              VALUES ($1, $2, $3, 'Issuer', '\x01', $4, $5, 'x', sha256($1), $6, $6 + interval '1 day', $6, $7, '\x00')
            """);
        command.Parameters.AddWithValue(serial);
        command.Parameters.AddWithValue(subject);
        command.Parameters.AddWithValue(sans ?? [subject]);
        command.Parameters.AddWithValue(profile);
        command.Parameters.AddWithValue(provisioner);
        command.Parameters.AddWithValue(Start.AddDays(day));
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)renews ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea });
        await using var own = on is null ? await Database.DataSource.OpenConnectionAsync() : null;
        command.Connection = on ?? own;
        await command.ExecuteNonQueryAsync();
        return serial;
    }

    /// <summary>Name, newest serial number and count of those that this pass told.</summary>
    private async Task<IReadOnlyList<string>> SurplusAsync(double day, int most, int limit = 500)
    {
        var at = Start.AddDays(day);
        await MapAsync(at);
        var before = await Database.ScalarAsync<long>("SELECT sequence FROM audit.head");
        for (var (first, more) = (true, true); more; first = false)
        {
            (_, more) = await CallAsync("SELECT told, more FROM ca.tell_surplus($1, $2, $3, $4)", at, most, limit, first);
        }

        return await Database.ScalarAsync<string[]>(
            "SELECT array_agg(subject || ' ' || (details::json ->> 'serial') || ' ' || (details::json ->> 'active') ORDER BY sequence) FROM audit.entries WHERE sequence > $1 AND action = 'certificate.surplus' AND actor = 'system'", before) ?? [];
    }

    private Task<int> MapAsync(params string[] byNames) => MapAsync(TimeProvider.System.GetUtcNow(), 500, byNames);

    private Task<int> MapAsync(int limit) => MapAsync(TimeProvider.System.GetUtcNow(), limit, []);

    private Task<int> MapAsync(DateTimeOffset at) => MapAsync(at, 500, []);

    private async Task<int> MapAsync(DateTimeOffset at, int limit, string[] byNames)
    {
        var (total, more) = (0, true);
        for (var first = true; more; first = false)
        {
            (var mapped, more) = await CallAsync("SELECT mapped, more FROM ca.map_endpoints($1, $2, $3, $4)", at, byNames, limit, first);
            total += mapped;
        }

        return total;
    }

    private async Task<int> PurgeAsync(int endedBefore, int limit = 500)
    {
        var (total, more) = (0, true);
        for (var first = true; more; first = false)
        {
            (var purged, more) = await CallAsync("SELECT purged, more FROM ca.purge_certificates($1, $2, $3)", Start.AddDays(endedBefore), limit, first);
            total += purged;
        }

        return total;
    }

    private async Task<(int Done, bool More)> CallAsync(string sql, params object[] parameters)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        parameters.ToList().ForEach(parameter => command.Parameters.AddWithValue(parameter));
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt32(0), reader.GetBoolean(1));
    }

    private async Task<string[]> EndpointsAsync() => await Database.ScalarAsync<string[]>("""
        SELECT coalesce(array_agg(e.subject || ': ' || e.n ORDER BY e.subject, e.n DESC), '{}')
        FROM (SELECT e.subject, count(*) AS n FROM ca.endpoints e JOIN ca.endpoint_certificates m ON m.endpoint = e.id GROUP BY e.id) e
        """) ?? [];
}
