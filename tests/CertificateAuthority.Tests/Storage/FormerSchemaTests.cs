using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A database from before certificates had a lineage: each gets the one of the JOIN it comes from, and ends with it.</summary>
public sealed class FormerSchemaTests : IAsyncLifetime
{
    private const string LineageMigration = "number = 10 AND owner = 'IoTPlatform.CertificateAuthority'";
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateEmptyDatabaseAsync();
        await Migrations.ApplyAsync(_database.DataSource);
        // Stops the migrations there: those before it are applied.
        await _database.ExecuteAsync("INSERT INTO platform.migrations (owner, number, name, checksum) VALUES ('IoTPlatform.CertificateAuthority', 10, 'later', 'later')");
        await Should.ThrowAsync<StartupException>(() => Migrations.ApplyAsync(_database.DataSource, typeof(Authority).Assembly));
        await _database.ExecuteAsync($"DELETE FROM platform.migrations WHERE {LineageMigration}");
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Migrate_CertificatesOfTwoJoins_HaveTheirLineageAndEndWithIt()
    {
        await IssuedAsync("service", requester: "system", tenant: null);
        await IssuedAsync("sub-ca", requester: "join:a1");
        await IssuedAsync("bridge", requester: "join:a1");
        await IssuedAsync("bridge renewed", requester: "acme-mqtt-bridge", renews: "bridge");
        await IssuedAsync("bridge renewed again", requester: "acme-mqtt-bridge", renews: "bridge renewed");
        await IssuedAsync("sub-ca rotated", requester: "tenant:acme", idempotency: "tenant-sub-ca/rotate:a1:sub-ca:7bb8");
        await IssuedAsync("bridge of another JOIN", requester: "join:b2");

        await Migrations.ApplyAsync(_database.DataSource, typeof(Authority).Assembly);

        (await SubjectsAsync("lineage = 'join:a1'")).ShouldBe("sub-ca, bridge, bridge renewed, bridge renewed again, sub-ca rotated");
        (await SubjectsAsync("lineage = 'join:b2'")).ShouldBe("bridge of another JOIN");
        (await SubjectsAsync("lineage IS NULL")).ShouldBe("service");
        (await _database.ScalarAsync<long>("SELECT count(*) FROM ca.revoke_tenant(now(), 'acme', 'join:a1', NULL, NULL, NULL, NULL, 5, 'removed', 'admin')")).ShouldBe(5);
        await Should.ThrowAsync<Npgsql.PostgresException>(() => _database.ExecuteAsync("UPDATE ca.certificates SET lineage = 'join:b2'"));
    }

    private Task<string?> SubjectsAsync(string where) => _database.ScalarAsync<string>($"SELECT string_agg(subject, ', ' ORDER BY id) FROM ca.certificates WHERE {where}");

    private Task IssuedAsync(string subject, string requester, string? tenant = "acme", string? renews = null, string? idempotency = null) => _database.ExecuteAsync($"""
        INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key_sha256, not_before, not_after, issued_at, renews, idempotency_key, der)
        VALUES (decode(md5('{subject}'), 'hex'), '{subject}', ARRAY['x'], 'CA', 'k', 'p', 'p', '{requester}', {Text(tenant)}, sha256('{subject}'), now(), now() + interval '1 day', now(),
          {(renews is null ? "NULL" : $"decode(md5('{renews}'), 'hex')")}, {Text(idempotency)}, 'der')
        """);

    private static string Text(string? value) => value is null ? "NULL" : $"'{value}'";
}
