using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Import;

/// <summary>Databases that the real step-ca has written, and what is left of them in hostile hands.</summary>
public sealed class StepCaDatabaseTests : IClassFixture<StepCaFiles>
{
    private readonly StepCaFiles _files;

    public StepCaDatabaseTests(StepCaFiles files) => _files = files;

    [SkippableTheory]
    [InlineData("badgerv2")]
    [InlineData("bbolt")]
    public async Task Read_OfTheRealServer_HasWhatItIssuedAndRevoked(string type)
    {
        var server = await _files.OfAsync(type);
        await using var tables = await OpenAsync(type, server.Database);

        var certificates = await ReadAsync(tables, StepCaTable.Certificates);
        var revoked = (await ReadAsync(tables, StepCaTable.Revocations)).ShouldHaveSingleItem();

        certificates.Select(row => ParsedCertificate.Parse(row.Value).Names.CommonName).Order().ShouldBe(["a.test", "a.test", "b.test", "c.test"]);
        certificates.Select(row => SerialNumber.ToDecimal(ParsedCertificate.Parse(row.Value).SerialNumber.Span)).ShouldBe(certificates.Select(row => Encoding.ASCII.GetString(row.Key)));
        var json = JsonNode.Parse(revoked.Value)!;
        ((int)json["ReasonCode"]!, (string?)json["Reason"]).ShouldBe((4, "was replaced"));
        var found = await tables.FindAsync(StepCaTable.Certificates, [revoked.Key, "1"u8.ToArray()], CancellationToken.None);
        ParsedCertificate.Parse(found[0]!).Names.CommonName.ShouldBe("b.test");
        found[1].ShouldBeNull();
        foreach (var data in await tables.FindAsync(StepCaTable.CertificateData, [.. certificates.Select(row => row.Key)], CancellationToken.None))
        {
            ((string?)JsonNode.Parse(data ?? "null"u8.ToArray())?["provisioner"]?["name"]).ShouldBeOneOf(server.Provisioner, null);
        }
    }

    [SkippableTheory]
    [InlineData("badgerv2")]
    [InlineData("bbolt")]
    public async Task Open_WhileTheServerRuns_SaysToStopIt(string type)
    {
        await using var server = await InstalledStepCa.CreateAsync(type);
        await server.StartAsync();

        (await RefusalAsync(type, server.Database)).ShouldContain("stop it");

        await server.StopAsync();
        await using var tables = await OpenAsync(type, server.Database);
        (await ReadAsync(tables, StepCaTable.Certificates)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Badger_AnyChangedOctet_IsRefused()
    {
        using var folder = new TempFolder();
        var copy = Copy(await _files.OfAsync("badgerv2"), folder);
        var log = Path.Combine(copy, "000000.vlog");
        var whole = await File.ReadAllBytesAsync(log);
        for (var at = 0; at < whole.Length; at += 7)
        {
            var changed = (byte[])whole.Clone();
            changed[at] ^= 0x5A;
            await File.WriteAllBytesAsync(log, changed);
            if (at is >= 8 and < 20)
            {
                // The IV of a log that is not encrypted means nothing.
                await using var tables = await OpenAsync("badgerv2", copy);
                continue;
            }

            (await RefusalAsync("badgerv2", copy)).ShouldContain(at < 8 ? "encrypted" : "damaged", customMessage: $"octet {at}");
        }
    }

    [SkippableFact]
    public async Task Badger_CutAnywhere_IsRefusedOrEndsWithACommit()
    {
        using var folder = new TempFolder();
        var copy = Copy(await _files.OfAsync("badgerv2"), folder);
        var log = Path.Combine(copy, "000000.vlog");
        var whole = await File.ReadAllBytesAsync(log);
        var refused = 0;
        for (var length = 0; length < whole.Length; length += 5)
        {
            await File.WriteAllBytesAsync(log, whole[..length]);
            try
            {
                await using var tables = await OpenAsync("badgerv2", copy);
                (await ReadAsync(tables, StepCaTable.Certificates)).Count.ShouldBeLessThanOrEqualTo(4);
            }
            catch (CliException e) when (e.Code == "step_ca_database")
            {
                refused++;
            }
        }

        refused.ShouldBeGreaterThan(whole.Length / 5 * 9 / 10);
    }

    [SkippableFact]
    public async Task Badger_WithoutItsFirstFile_IsRefused()
    {
        using var folder = new TempFolder();
        var copy = Copy(await _files.OfAsync("badgerv2"), folder);
        File.Move(Path.Combine(copy, "000000.vlog"), Path.Combine(copy, "000001.vlog"));

        (await RefusalAsync("badgerv2", copy)).ShouldContain("not whole");
    }

    [SkippableFact]
    public async Task Badger_OfAnotherVersion_IsRefused()
    {
        using var folder = new TempFolder();
        var copy = Copy(await _files.OfAsync("badgerv2"), folder);
        var manifest = await File.ReadAllBytesAsync(Path.Combine(copy, "MANIFEST"));
        manifest[7] = 8;
        await File.WriteAllBytesAsync(Path.Combine(copy, "MANIFEST"), manifest);

        (await RefusalAsync("badgerv2", copy)).ShouldContain("another Badger");
    }

    [SkippableFact]
    public async Task Bolt_ChangedOrCutAnywhere_IsReadOrRefusedAndNothingElse()
    {
        using var folder = new TempFolder();
        var whole = await File.ReadAllBytesAsync((await _files.OfAsync("bbolt")).Database);
        var file = folder.Combine("db");
        var refused = 0;
        for (var at = 0; at < whole.Length; at += 37)
        {
            var changed = (byte[])whole.Clone();
            changed[at] ^= 0xA5;
            refused += await IsRefusedAsync(changed);
            if (at % 185 == 0)
            {
                refused += await IsRefusedAsync(whole[..at]);
            }
        }

        refused.ShouldBeGreaterThan(10);

        async Task<int> IsRefusedAsync(byte[] octets)
        {
            await File.WriteAllBytesAsync(file, octets);
            try
            {
                await using var tables = await OpenAsync("bbolt", file);
                foreach (var table in StepCaTable.All)
                {
                    var rows = await ReadAsync(tables, table);
                    await tables.FindAsync(table, [.. rows.Select(row => row.Key), "12"u8.ToArray()], CancellationToken.None);
                }

                return 0;
            }
            catch (CliException e) when (e.Code == "step_ca_database")
            {
                return 1;
            }
        }
    }

    [SkippableFact]
    public async Task Issuer_OfTheRealServer_OpensWithItsPassword_AndNoOtherKeyIsRead()
    {
        var server = await _files.OfAsync("badgerv2");
        var (folder, configuration) = (Path.GetDirectoryName(server.Database)!, JsonNode.Parse(await File.ReadAllTextAsync(server.Configuration))!.AsObject());

        StepCaIssuer.NeedsPassword(configuration, folder).ShouldBeTrue();
        var issuer = StepCaIssuer.Read(configuration, folder, InstalledStepCa.Password);

        CertificateChain.ParsePem(issuer.Chain).Root.RawData.ShouldBe(server.Root.RawData);
        (issuer.Key!.Contains("ENCRYPTED", StringComparison.Ordinal), issuer.Names.Single()).ShouldBe((true, "localhost"));
        Should.Throw<CliException>(() => StepCaIssuer.Read(configuration, folder, "another")).Message.ShouldContain("wrong password");
        // Of an authority, too, and not of this certificate.
        configuration["key"] = Path.Combine(folder, "secrets", "root_ca_key");
        Should.Throw<CliException>(() => StepCaIssuer.Read(configuration, folder, InstalledStepCa.Password)).Message.ShouldContain("not that of its");
        configuration["key"] = "pkcs11:module-path=/usr/lib/softhsm.so";
        StepCaIssuer.Read(configuration, folder, InstalledStepCa.Password).Key.ShouldBeNull();
    }

    [Theory]
    [InlineData("mysql", "a MySQL database is not read")]
    [InlineData("redis", "is not known")]
    public async Task Open_OfATypeThatIsNotRead_SaysSo(string type, string why) => (await RefusalAsync(type, "/nowhere")).ShouldContain(why);

    [Theory]
    [InlineData("postgresql://step:p%40ss@db.test:6432/stepca?sslmode=verify-full&pool_max_conns=5", "db.test", 6432, "step", "p@ss", "stepca")]
    [InlineData("host=db.test user=step password=secret dbname=stepca", "db.test", 5432, "step", "secret", "stepca")]
    public void Postgres_Source_IsUnderstood(string source, string host, int port, string user, string password, string database)
    {
        var settings = PostgresTables.Settings(source);
        (settings.Host, settings.Port, settings.Username, settings.Password, settings.Database).ShouldBe((host, port, user, password, database));
    }

    [Theory]
    [InlineData("postgresql://step:hidden@db:notaport/x")]
    [InlineData("host=db password")]
    [InlineData("host=db sslmode=hidden")]
    public void Postgres_SourceThatIsNone_IsRefusedWithoutItsPassword(string source) =>
        Should.Throw<CliException>(() => PostgresTables.Settings(source)).Message.ShouldNotContain("hidden");

    [SkippableFact]
    public async Task Postgres_Tables_AreReadInPages()
    {
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();
        await using (var fill = database.DataSource.CreateCommand("""
            CREATE TABLE x509_certs (nkey BYTEA CHECK (octet_length(nkey) <= 255), nvalue BYTEA, PRIMARY KEY (nkey));
            CREATE TABLE revoked_x509_certs (nkey BYTEA CHECK (octet_length(nkey) <= 255), nvalue BYTEA, PRIMARY KEY (nkey));
            INSERT INTO x509_certs SELECT n::text::bytea, ('value ' || n)::bytea FROM generate_series(1, 2500) n;
            INSERT INTO revoked_x509_certs VALUES ('7', '{}'), ('8', convert_to(repeat('x', 1100000), 'UTF8'));
            """))
        {
            await fill.ExecuteNonQueryAsync();
        }

        await using var tables = await PostgresTables.OpenAsync(Words(database.ConnectionString), database: null, CancellationToken.None);

        (await ReadAsync(tables, StepCaTable.Certificates)).Select(row => row.Key.Length).Count().ShouldBe(2500);
        (await ReadAsync(tables, StepCaTable.CertificateData)).ShouldBeEmpty();
        var found = await tables.FindAsync(StepCaTable.Certificates, ["9"u8.ToArray(), "none"u8.ToArray()], CancellationToken.None);
        Encoding.ASCII.GetString(found[0]!).ShouldBe("value 9");
        found[1].ShouldBeNull();
        (await tables.FindAsync(StepCaTable.CertificateData, ["9"u8.ToArray()], CancellationToken.None)).ShouldBe([null]);
        // Longer than anything of step-ca's own: it is there, and that is all.
        (await tables.FindAsync(StepCaTable.Revocations, ["8"u8.ToArray()], CancellationToken.None))[0].ShouldNotBeNull().ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Orders_SayOfWhichProvisionerAnAccountIs()
    {
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();
        await using (var fill = database.DataSource.CreateCommand("""
            CREATE TABLE acme_orders (nkey BYTEA CHECK (octet_length(nkey) <= 255), nvalue BYTEA, PRIMARY KEY (nkey));
            INSERT INTO acme_orders SELECT n::text::bytea, v::bytea FROM unnest(ARRAY[
              '{"accountID":"one","provisionerID":"acme/new","createdAt":"2026-02-02T00:00:00Z"}',
              '{"accountID":"one","provisionerID":"acme/old","createdAt":"2026-01-02T00:00:00Z"}',
              '{"accountID":"two","provisionerID":"acme/web","createdAt":[]}',
              '{"accountID":"three","provisionerID":"3b1c2a7e"}', '{"accountID":"four","provisionerID":"5d0f"}', '{"accountID":7}', '[]', '']) WITH ORDINALITY AS t (v, n);
            """))
        {
            await fill.ExecuteNonQueryAsync();
        }

        await using var tables = await PostgresTables.OpenAsync(Words(database.ConnectionString), database: null, CancellationToken.None);

        (await StepCaAccounts.OwnersAsync(tables, new Dictionary<string, string> { ["5d0f"] = "managed" }, CancellationToken.None)).Select(owner => $"{owner.Key} {owner.Value.Provisioner}").Order()
            .ShouldBe(["four managed", "one new", "two web"]);
    }

    [Theory]
    [InlineData("""{"provisioner":{"name":"builds"}}""", "builds")]
    [InlineData("""{"provisioner":{"name":"first"},"provisioner":{"name":"last"}}""", "last")]
    [InlineData("""{"provisioner":"builds"}""", null)]
    [InlineData("""{"provisioner":{"name":7}}""", null)]
    [InlineData("""{"provisioner":{"name":"\ud800"}}""", null)]
    [InlineData("[]", null)]
    [InlineData("no JSON", null)]
    [InlineData("", null)]
    public void Data_OfWhateverForm_NamesAProvisionerOrNone(string json, string? provisioner) => StepCaCertificates.ProvisionerOf(Encoding.UTF8.GetBytes(json)).ShouldBe(provisioner);

    [Theory]
    [InlineData("""{"RevokedAt":"2026-01-02T03:04:05Z","ReasonCode":4,"Reason":"was replaced"}""", 2026, 4, "was replaced")]
    [InlineData("""{"RevokedAt":"2026-01-02T03:04:05Z","ReasonCode":4,"Reason":"\ud800"}""", 2026, 4, null)]
    [InlineData("""{"RevokedAt":{},"ReasonCode":"4","Reason":[]}""", 1970, 0, null)]
    [InlineData("""{"ReasonCode":1,"ReasonCode":99999999999}""", 1970, 0, null)]
    [InlineData("", 1970, 0, null)]
    public void Revocation_OfWhateverForm_Revokes(string json, int year, int code, string? reason)
    {
        var revocation = StepCaCertificates.RevocationOf(Encoding.UTF8.GetBytes(json)).ShouldNotBeNull();

        (revocation.RevokedAt.Year, revocation.ReasonCode, revocation.Reason).ShouldBe((year, code, reason));
    }

    [Theory]
    [InlineData("""{"id":"a1","key":{"kty":"EC"},"contact":["mailto:a@b.test"],"status":"valid","provisionerName":"web"}""", "web", """{"kty":"EC"}""", 1, true)]
    [InlineData("""{"id":"a1","key":{"kty":"EC"},"status":"deactivated"}""", "", """{"kty":"EC"}""", 0, false)]
    [InlineData("""{"id":"a1","key":{},"contact":[7,"\ud800",["x"],"mailto:a@b.test"],"status":{},"provisionerName":[]}""", "", "{}", 1, false)]
    [InlineData("""{"id":"a2","key":{},"status":"valid"}""", null, null, 0, false)]
    [InlineData("""{"id":"a1","key":"{}","status":"valid"}""", null, null, 0, false)]
    [InlineData("""{"id":7,"key":{}}""", null, null, 0, false)]
    [InlineData("[]", null, null, 0, false)]
    [InlineData("", null, null, 0, false)]
    public void Account_OfWhateverForm_IsReadOrNot(string json, string? provisioner, string? key, int contacts, bool isValid)
    {
        var account = StepCaAccounts.Read(new StepCaRow("a1"u8.ToArray(), Encoding.UTF8.GetBytes(json)));

        (account?.Provisioner, account?.Key, account?.Contacts.Count ?? 0, account?.IsValid ?? false).ShouldBe((provisioner, key, contacts, isValid));
    }

    [Fact]
    public void Account_WithAKeyTooLong_IsNotRead() =>
        StepCaAccounts.Read(new StepCaRow("a1"u8.ToArray(), Encoding.UTF8.GetBytes("{\"id\":\"a1\",\"key\":{\"n\":\"" + new string('a', 5000) + "\"}}"))).ShouldBeNull();

    /// <summary>As long as each part may be, and all of it characters that take six octets.</summary>
    [Fact]
    public void Accounts_OfTheLargestKind_FitIntoARequest()
    {
        var (id, contact) = (new string('<', 1000), new string('ß', 261));
        var json = $$"""
            {"id":"{{id}}","provisionerName":"{{new string('ß', 2000)}}","key":{"n":"{{new string('ß', 4088)}}"},"contact":["{{contact}}m",{{string.Join(',', Enumerable.Repeat($"\"{contact}\"", 12))}}]}
            """;

        var account = StepCaAccounts.Read(new StepCaRow(Encoding.ASCII.GetBytes(id), Encoding.UTF8.GetBytes(json))).ShouldNotBeNull();

        account.Contacts.ShouldBe(Enumerable.Repeat(contact, 10), "none that is longer than any mail address");
        var request = new ImportAcmeAccountsRequest { Items = [.. Enumerable.Repeat(account, StepCaAccounts.BatchSize)] };
        JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Default.ImportAcmeAccountsRequest).Length.ShouldBeInRange(StepCaAccounts.MaxRequest * 9 / 10, StepCaAccounts.MaxRequest);
    }

    [Fact]
    public void Revocation_WithALongReason_KeepsItsBeginning_AndNoHalfOfACharacter() =>
        StepCaCertificates.RevocationOf(Encoding.UTF8.GetBytes("{\"Reason\":\"" + new string('a', 999) + "\U0001F600\"}"))!.Reason.ShouldBe(new string('a', 999));

    private static string Words(string connectionString)
    {
        var settings = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        return $"host={settings.Host} port={settings.Port} user={settings.Username} dbname={settings.Database}" + (settings.Password is { } password ? $" password={password}" : "");
    }

    private static string Copy(InstalledStepCa server, TempFolder folder)
    {
        var copy = folder.Combine("db");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.EnumerateFiles(server.Database))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    private static Task<IStepCaTables> OpenAsync(string type, string source) =>
        StepCaDatabase.OpenAsync(new JsonObject { ["db"] = new JsonObject { ["type"] = type, ["dataSource"] = source } }, "/", CancellationToken.None);

    private static async Task<string> RefusalAsync(string type, string source)
    {
        var refusal = await Should.ThrowAsync<CliException>(() => OpenAsync(type, source));
        refusal.Code.ShouldBe("step_ca_database");
        return refusal.Message;
    }

    private static async Task<List<StepCaRow>> ReadAsync(IStepCaTables tables, StepCaTable table)
    {
        var rows = new List<StepCaRow>();
        await foreach (var row in tables.ReadAsync(table, CancellationToken.None))
        {
            rows.Add(row);
        }

        return rows;
    }
}

/// <summary>One of each kind, made when the first test asks.</summary>
public sealed class StepCaFiles : IAsyncLifetime
{
    private readonly Dictionary<string, InstalledStepCa> _servers = new(StringComparer.Ordinal);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task<InstalledStepCa> OfAsync(string type)
    {
        if (!_servers.TryGetValue(type, out var server))
        {
            server = await InstalledStepCa.CreateAsync(type);
            await server.LiveAsync();
            _servers[type] = server;
        }

        return server;
    }

    public async Task DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }
    }
}
