using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A database from when the order of names made an endpoint: those that are one by now are made one.</summary>
public sealed class FormerEndpointsTests : IAsyncLifetime
{
    private const string Migration = "'IoTPlatform.CertificateAuthority', 54";
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateEmptyDatabaseAsync();
        await Migrations.ApplyAsync(_database.DataSource);
        // Stops the migrations there: those before it are applied.
        await _database.ExecuteAsync($"INSERT INTO platform.migrations (owner, number, name, checksum) VALUES ({Migration}, 'later', 'later')");
        await Should.ThrowAsync<StartupException>(() => Migrations.ApplyAsync(_database.DataSource, typeof(Authority).Assembly));
        await _database.ExecuteAsync($"DELETE FROM platform.migrations WHERE (owner, number) = ({Migration})");
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Migrate_EndpointsThatAreOneByNow_TheNewestGoesOnWithTheCertificatesOfAll()
    {
        // One has the key already, and ended.
        await IssuedAsync("a.test", "a.test b.test", day: -10);
        await IssuedAsync("B.test", "b.test A.test");
        // One has it, and is the newest.
        await IssuedAsync("d.test", "c.test d.test", day: -1);
        await IssuedAsync("d.test", "d.test c.test", day: -1);
        await IssuedAsync("c.test", "c.test d.test");
        // None has it.
        await IssuedAsync("f.test", "f.test e.test g.test", day: -10);
        await IssuedAsync("g.test", "e.test f.test g.test", day: -1);
        await IssuedAsync("f.test", "e.test f.test g.test");
        // Alone.
        await IssuedAsync("i.test", "h.test i.test");
        await MapAsync();
        (await EndpointsAsync()).ShouldBe("B.test: 1, a.test: 1, c.test: 1, d.test: 2, f.test: 2, g.test: 1, i.test: 1");

        await MigrateAsync();

        (await EndpointsAsync()).ShouldBe("B.test: 2, c.test: 3, f.test: 3, i.test: 1");
        (await _database.ScalarAsync<string>("""
            SELECT string_agg(format('%s %s %s', c.subject, c.issued_at::date - e.first_issued_at::date, (SELECT count(*) FROM ca.endpoint_names n WHERE n.endpoint = e.id)), ', ' ORDER BY c.subject COLLATE "C")
            FROM ca.endpoints e JOIN ca.certificates c ON c.serial = e.latest_serial AND c.id = e.latest_id AND c.not_after = e.latest_not_after
            """)).ShouldBe("B.test 10 2, c.test 1 2, f.test 10 3, i.test 0 2");
        await ShouldBeFoundAgainAsync();
    }

    [SkippableFact]
    public async Task Migrate_OtherEndpoints_StayWhatTheyAre()
    {
        await IssuedAsync("a.test", "a.test b.test");
        await IssuedAsync("b.test", "b.test a.test", provisioner: "other-acme");
        await IssuedAsync("b.test", "b.test a.test c.test");
        // Of names beside the common name it says something.
        await IssuedAsync("common", "a.test b.test");
        await IssuedAsync("zone", "a.test b.test");
        // A token bought them.
        await IssuedAsync("b.test", "b.test a.test", provisioner: "tokens");
        await IssuedAsync("b.test", "b.test a.test", provisioner: "tokens");
        await IssuedAsync("b.test", "b.test a.test", profile: "service");
        await IssuedAsync("a.test", "b.test a.test", profile: "service");
        await MapAsync();
        var before = await EndpointsAsync();

        await MigrateAsync();

        (await EndpointsAsync()).ShouldBe(before);
        await ShouldBeFoundAgainAsync();
    }

    /// <summary>Of a process of the former version: it would go on with former keys.</summary>
    [SkippableFact]
    public async Task Migrate_WhileABatchWaitsForIt_TheBatchFails()
    {
        await IssuedAsync("b.test", "b.test a.test");
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        // Its last step waits for this one.
        await using var hold = new NpgsqlCommand($"INSERT INTO platform.migrations (owner, number, name, checksum) VALUES ({Migration}, 'held', 'held')", connection, transaction);
        await hold.ExecuteNonQueryAsync();
        var migration = MigrateAsync();
        await WaitForBlockedAsync(1);
        var batch = MapAsync();
        await WaitForBlockedAsync(2);

        await transaction.RollbackAsync();

        (await Should.ThrowAsync<PostgresException>(batch)).SqlState.ShouldBe(PostgresErrorCodes.NoDataFound);
        await migration;
        await MapAsync();
        (await EndpointsAsync()).ShouldBe("b.test: 1");
        await ShouldBeFoundAgainAsync();
    }

    private async Task WaitForBlockedAsync(int backends)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await _database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") < backends)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private Task MigrateAsync() => Migrations.ApplyAsync(_database.DataSource, typeof(Authority).Assembly);

    private Task MapAsync() => _database.ExecuteAsync("SELECT ca.map_endpoints(now(), ARRAY['acme', 'other-acme'], 500, true)");

    /// <summary>Whoever orders what any of the certificates was ordered by is the endpoint that has it.</summary>
    private async Task ShouldBeFoundAgainAsync() => (await _database.ScalarAsync<long>("""
        SELECT count(*) FROM ca.endpoint_certificates m JOIN ca.endpoints e ON e.id = m.endpoint JOIN ca.certificates c ON c.serial = m.serial
        WHERE octet_length(e.key) = 32 AND e.key <> ca.endpoint_key(c.profile, c.provisioner, c.tenant, c.subject, c.sans)
        """)).ShouldBe(0);

    private Task<string?> EndpointsAsync() => _database.ScalarAsync<string>("""
        SELECT string_agg(e.subject || ': ' || (SELECT count(*) FROM ca.endpoint_certificates m WHERE m.endpoint = e.id), ', ' ORDER BY e.subject COLLATE "C", e.latest_id) FROM ca.endpoints e
        """);

    private Task IssuedAsync(string subject, string names, int day = 0, string provisioner = "acme", string profile = "leaf") => _database.ExecuteAsync(
        """
        INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
          SELECT s.serial, $1, string_to_array($2, ' '), 'CA', 'k', $3, $4, 'x', sha256(s.serial), a.at, a.at + interval '5 days', a.at, 'der'
          FROM (SELECT substr(sha256(gen_random_uuid()::text::bytea), 1, 16) AS serial) s, (SELECT now() + $5 * interval '1 day' AS at) a
        """,
        subject, names, profile, provisioner, day);
}
