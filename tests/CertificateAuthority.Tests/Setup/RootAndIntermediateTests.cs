using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class RootAndIntermediateTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _temp = new();
    private DataFolder _folder = null!;
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _folder = DataFolder.Open(_temp.Combine("data"));
        _database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    public void Dispose()
    {
        _folder.Dispose();
        _temp.Dispose();
    }

    [SkippableFact]
    public async Task Ensure_EmptyFolder_MakesTheHierarchy()
    {
        var issuers = await EnsureAsync();

        var root = ParsedCertificate.Parse(issuers.Chain.Root.RawDataMemory);
        (root.PathLength, root.Names.CommonName, (root.NotAfter - root.NotBefore).Days).ShouldBe((2, "IoTPlatform Root CA", 3650));
        issuers.Chain.Root.PublicKey.GetECDsaPublicKey()!.KeySize.ShouldBe(384);
        var intermediate = ParsedCertificate.Parse(issuers.Active.Certificate.RawDataMemory);
        (intermediate.PathLength, (intermediate.NotAfter - intermediate.NotBefore).Days).ShouldBe((1, 1825));
        issuers.Active.Certificate.PublicKey.GetECDsaPublicKey()!.KeySize.ShouldBe(256);
        foreach (var key in (string[])[CaFiles.RootKey(_folder), CaFiles.IntermediateKey(_folder)])
        {
            File.GetUnixFileMode(key).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            (await File.ReadAllTextAsync(key)).ShouldStartWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
        }

        (await _database.ScalarAsync<string>("SELECT string_agg(profile, ',' ORDER BY id) FROM ca.certificates")).ShouldBe("root,intermediate");
        (await _database.ScalarAsync<string>("SELECT string_agg(action, ',' ORDER BY sequence) FROM audit.entries")).ShouldBe("ca.root_intended,certificate.issued,certificate.intended,certificate.issued");
    }

    [SkippableFact]
    public async Task Ensure_Again_IsTheSameHierarchy()
    {
        var first = await EnsureAsync();

        (await EnsureAsync()).Chain.Pem.ShouldBe(first.Chain.Pem);
        (await CountAsync()).ShouldBe(2);
    }

    // What a kill -9 leaves behind after each step of the first start, in order.
    [SkippableTheory]
    [InlineData("root key written", "intermediate certificate,intermediate key,root certificate", true)]
    [InlineData("root certificate recorded, not written", "intermediate certificate,intermediate key,root certificate", false)]
    [InlineData("root certificate written", "intermediate certificate,intermediate key", false)]
    [InlineData("intermediate key written", "intermediate certificate", false)]
    [InlineData("intermediate certificate recorded, not written", "intermediate certificate", false)]
    public async Task Ensure_KilledBetweenTwoFiles_TheNextStartCompletes(string point, string missing, bool nothingRecorded)
    {
        var first = await EnsureAsync();
        foreach (var file in missing.Split(','))
        {
            File.Delete(PathOf(file));
        }

        if (nothingRecorded)
        {
            await _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; DELETE FROM ca.certificates");
        }
        else if (!point.Contains("recorded", StringComparison.Ordinal))
        {
            await _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; DELETE FROM ca.certificates WHERE profile = 'intermediate'");
        }
        else if (missing.Contains("intermediate key", StringComparison.Ordinal))
        {
            await _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; DELETE FROM ca.certificates WHERE profile = 'intermediate'");
        }

        var resumed = await EnsureAsync();

        if (!nothingRecorded)
        {
            resumed.Chain.Root.RawData.ShouldBe(first.Chain.Root.RawData);
        }

        if (point.StartsWith("intermediate certificate recorded", StringComparison.Ordinal))
        {
            resumed.Active.Certificate.RawData.ShouldBe(first.Active.Certificate.RawData);
        }

        (await CountAsync()).ShouldBe(2);
        (await EnsureAsync()).Chain.Pem.ShouldBe(resumed.Chain.Pem);
    }

    [SkippableFact]
    public async Task Ensure_RootKeyTakenAway_RunsOn()
    {
        var first = await EnsureAsync();
        var key = new CaKeyFile(CaFiles.RootKey(_folder));
        key.Export(_temp.Combine("offline-root-key"));
        key.Remove();

        (await EnsureAsync()).Chain.Pem.ShouldBe(first.Chain.Pem);
        key.Exists.ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ensure_IntermediateLostAndNoRootKey_SaysWhatToDo(bool isDatabaseLost)
    {
        await EnsureAsync();
        if (isDatabaseLost)
        {
            await LoseAsync("root,intermediate");
        }

        new CaKeyFile(CaFiles.RootKey(_folder)).Remove();
        File.Delete(CaFiles.IntermediateCertificate(_folder));
        File.Delete(CaFiles.IntermediateKey(_folder));

        (await Should.ThrowAsync<StartupException>(EnsureAsync())).Message.ShouldContain("Put the exported root key back");
    }

    [SkippableTheory]
    [InlineData("root,intermediate", true)]
    [InlineData("root,intermediate", false)]
    // A kill -9 between the two.
    [InlineData("intermediate", false)]
    public async Task Ensure_DatabaseLost_BothAreOnRecordAgain(string lost, bool hasRootKey)
    {
        var first = await EnsureAsync();
        await LoseAsync(lost);
        if (!hasRootKey)
        {
            new CaKeyFile(CaFiles.RootKey(_folder)).Remove();
        }

        (await EnsureAsync()).Chain.Pem.ShouldBe(first.Chain.Pem);
        await EnsureAsync();

        (await _database.ScalarAsync<string>("SELECT string_agg(profile || ' ' || encode(sha256(der), 'hex'), ',' ORDER BY id) FROM ca.certificates"))
            .ShouldBe($"root {Fingerprint.Of(first.Chain.Root)},intermediate {Fingerprint.Of(first.Active.Certificate)}");
        (await _database.ScalarAsync<string>("SELECT string_agg(subject, ',' ORDER BY sequence) FROM audit.entries WHERE action = 'certificate.recorded'"))
            .ShouldBe(lost == "intermediate" ? "IoTPlatform Intermediate CA" : "IoTPlatform Root CA,IoTPlatform Intermediate CA");
    }

    [SkippableFact]
    public async Task Replace_CompromisedAfterTheDatabaseWasLost_WantsTheRootKeyBackAndRevokes()
    {
        var first = await EnsureAsync();
        var replacement = new IntermediateReplacement(Serial(first), IsCompromised: true);
        await LoseAsync("root,intermediate");
        var away = _temp.Combine("away");
        File.Move(CaFiles.RootKey(_folder), away);

        (await Should.ThrowAsync<StartupException>(EnsureAsync(replacement: replacement))).Message.ShouldContain("Put the exported root key back");
        File.Move(away, CaFiles.RootKey(_folder));
        await EnsureAsync(replacement: replacement);

        CaFiles.RootRevocationList(_folder).TryLoad(first.Chain.Root)!.Contains(first.Active.Certificate).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Ensure_EmptyFolderOnTheDatabaseOfAnotherCa_IsRefused()
    {
        await EnsureAsync();
        Directory.Delete(_folder.Combine("certs"), recursive: true);
        Directory.Delete(_folder.Combine("secrets"), recursive: true);

        (await Should.ThrowAsync<StartupException>(EnsureAsync())).Message.ShouldContain("belongs to a CA whose files are not in");
        Directory.Exists(_folder.Combine("secrets")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Ensure_WrongPassword_SaysSoAndChangesNothing()
    {
        await EnsureAsync();

        var refused = await Should.ThrowAsync<StartupException>(EnsureAsync(name => name == "STEP_CA_PASSWORD" ? "wrong" : null));

        refused.Message.ShouldContain("STEP_CA_PASSWORD");
        (await CountAsync()).ShouldBe(2);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ensure_IntermediateOfAnotherRoot_IsRefused(bool isDatabaseLost)
    {
        await EnsureAsync();
        using var key = CaKey.Generate(KeyKind.P384);
        using var other = CaSigner.SelfSign(key, new CertificateTemplate
        {
            Profile = Profiles.Root,
            SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
            Key = key.Kind,
            Names = new SubjectNames { CommonName = "IoTPlatform Root CA" },
            NotBefore = TimeProvider.System.GetUtcNow(),
            NotAfter = TimeProvider.System.GetUtcNow().AddYears(1),
        });
        await File.WriteAllTextAsync(CaFiles.RootCertificate(_folder), Pem.Certificate(other.RawDataMemory.Span));

        if (isDatabaseLost)
        {
            await LoseAsync("root,intermediate");
        }

        (await Should.ThrowAsync<StartupException>(EnsureAsync())).Message.ShouldContain("Restore both from the same backup");
        (await CountAsync()).ShouldBe(isDatabaseLost ? 0 : 2);
    }

    [SkippableFact]
    public async Task Ensure_KeyFileOthersCanRead_IsRefused()
    {
        await EnsureAsync();
        File.SetUnixFileMode(CaFiles.IntermediateKey(_folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        (await Should.ThrowAsync<StartupException>(EnsureAsync())).Message.ShouldContain("0600");
    }

    [SkippableFact]
    public async Task Ensure_PasswordFromAFile_IsUsed()
    {
        var file = _temp.Combine("password");
        await File.WriteAllTextAsync(file, "from a file\n");
        await EnsureAsync(name => name == "STEP_CA_PASSWORD_FILE" ? file : null);

        using var key = new CaKeyFile(CaFiles.IntermediateKey(_folder)).Load("from a file");

        key.Kind.ShouldBe(KeyKind.P256);
        File.Exists(_folder.Combine("ca-password")).ShouldBeFalse();
    }

    [SkippableFact]
    public void Passwords_FileMissingOrEmpty_SaysWhich()
    {
        File.WriteAllText(_temp.Combine("empty"), "\n");

        Should.Throw<StartupException>(() => CaPasswords.Resolve(_folder, name => name == "STEP_CA_PASSWORD_FILE" ? "/nonexistent/pw" : null)).Message.ShouldContain("/nonexistent/pw");
        Should.Throw<StartupException>(() => CaPasswords.Resolve(_folder, name => name == "STEP_CA_PASSWORD_FILE" ? _temp.Combine("empty") : null)).Message.ShouldContain("is empty");
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replace_WithTheRootKey_SignsWithAnotherIntermediateAndAcceptsTheFormer(bool compromised)
    {
        var first = await EnsureAsync();
        var replacement = new IntermediateReplacement(Serial(first), compromised);

        var second = await EnsureAsync(replacement: replacement);

        second.Chain.Root.RawData.ShouldBe(first.Chain.Root.RawData);
        second.Active.Issuer.SubjectKeyIdentifier.Span.SequenceEqual(first.Active.Issuer.SubjectKeyIdentifier.Span).ShouldBeFalse();
        second.AlsoAccepted.Single().RawData.ShouldBe(first.Active.Certificate.RawData);
        second.Revokers.Count().ShouldBe(2, "the former one's lists and OCSP go on");
        (await _database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations WHERE reason_code = 2")).ShouldBe(compromised ? 1 : 0);
        var rootList = await _database.ScalarAsync<byte[]>("SELECT der FROM ca.revocation_lists WHERE shard = -1");
        (rootList.AsSpan().IndexOf(Serial(first)) >= 0).ShouldBe(compromised, "the root's list says so at once");
        CaFiles.RootRevocationList(_folder).TryLoad(first.Chain.Root)!.Contains(first.Active.Certificate).ShouldBe(compromised, "for this host's own clients");

        (await EnsureAsync(replacement: replacement)).Chain.Pem.ShouldBe(second.Chain.Pem, "a start with the setting left behind replaces nothing more");
        (await EnsureAsync()).Chain.Pem.ShouldBe(second.Chain.Pem);
        (await CountAsync()).ShouldBe(3);
    }

    /// <summary>Whoever has seen the list on disk takes none that knows less.</summary>
    [SkippableFact]
    public async Task RootList_DatabaseFromBeforeTheReplacement_StillHasTheFormerIntermediate()
    {
        var first = await EnsureAsync();
        await EnsureAsync(replacement: new IntermediateReplacement(Serial(first), IsCompromised: true));
        await _database.ExecuteAsync(
            """
            ALTER TABLE ca.revocations DISABLE TRIGGER USER;
            DELETE FROM ca.revocations;
            ALTER TABLE ca.revocations ENABLE TRIGGER USER;
            UPDATE ca.revocation_lists SET der = '', number = 1;
            """);

        await EnsureAsync();

        var list = await _database.ScalarAsync<byte[]>("SELECT der FROM ca.revocation_lists WHERE shard = -1");
        RevokedIntermediates.Parse(list, first.Chain.Root).Contains(first.Active.Certificate).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Replace_WithoutTheRootKey_SaysWhatToDoAndChangesNothing()
    {
        var first = await EnsureAsync();
        new CaKeyFile(CaFiles.RootKey(_folder)).Remove();

        (await Should.ThrowAsync<StartupException>(EnsureAsync(replacement: new IntermediateReplacement(Serial(first), IsCompromised: true)))).Message.ShouldContain("Put the exported root key back");

        (await _database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations")).ShouldBe(0);
        (await EnsureAsync()).Chain.Pem.ShouldBe(first.Chain.Pem);
    }

    // What a kill -9 leaves behind after each step of a replacement, in order.
    [SkippableTheory]
    [InlineData("former one kept")]
    [InlineData("next key written")]
    [InlineData("next certificate recorded")]
    [InlineData("former one revoked")]
    [InlineData("key in its place, certificate not")]
    public async Task Replace_KilledBetweenTwoSteps_TheNextStartCompletes(string point)
    {
        var first = await EnsureAsync();
        var formerKey = await File.ReadAllBytesAsync(CaFiles.IntermediateKey(_folder));
        var second = await EnsureAsync(replacement: new IntermediateReplacement(Serial(first), IsCompromised: true));
        var replacement = new IntermediateReplacement(Serial(first), IsCompromised: true);
        await File.WriteAllTextAsync(CaFiles.IntermediateCertificate(_folder), Pem.Certificate(first.Active.Certificate.RawDataMemory.Span));
        var isSwitched = point.StartsWith("key in its place", StringComparison.Ordinal);
        if (!isSwitched)
        {
            File.Move(CaFiles.IntermediateKey(_folder), CaFiles.IntermediateKey(_folder) + ".next-compromised");
            await File.WriteAllBytesAsync(CaFiles.IntermediateKey(_folder), formerKey);
            File.SetUnixFileMode(CaFiles.IntermediateKey(_folder), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        if (point == "former one kept")
        {
            File.Delete(CaFiles.IntermediateKey(_folder) + ".next-compromised");
        }

        if (point is "former one kept" or "next key written" or "next certificate recorded")
        {
            await _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; DELETE FROM ca.revocations");
        }

        if (point is "former one kept" or "next key written")
        {
            await _database.ExecuteAsSuperuserAsync(
                "SET session_replication_role = replica; DELETE FROM ca.certificates WHERE id = (SELECT max(id) FROM ca.certificates)");
        }

        var resumed = await EnsureAsync(replacement: replacement);

        resumed.Active.Issuer.SubjectKeyIdentifier.Span.SequenceEqual(first.Active.Issuer.SubjectKeyIdentifier.Span).ShouldBeFalse();
        if (point is not ("former one kept" or "next key written"))
        {
            resumed.Active.Certificate.RawData.ShouldBe(second.Active.Certificate.RawData);
        }

        (await _database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations")).ShouldBe(1);
        (await CountAsync()).ShouldBe(3);
        File.Exists(CaFiles.IntermediateKey(_folder) + ".next-compromised").ShouldBeFalse();
        (await EnsureAsync()).Chain.Pem.ShouldBe(resumed.Chain.Pem);
    }

    private static byte[] Serial(IssuerSet issuers) => ParsedCertificate.Parse(issuers.Active.Certificate.RawDataMemory).SerialNumber.ToArray();

    private Task<IssuerSet> EnsureAsync(Func<string, string?>? settings = null, IntermediateReplacement? replacement = null) => RootAndIntermediate.EnsureAsync(
        _folder,
        CaPasswords.Resolve(_folder, settings ?? (_ => null)),
        CaHost.DefaultOptions,
        replacement,
        _database.DataSource,
        TimeProvider.System,
        NullLoggerFactory.Instance,
        CancellationToken.None);

    private Task LoseAsync(string profiles) =>
        _database.ExecuteAsSuperuserAsync($"SET session_replication_role = replica; DELETE FROM ca.certificates WHERE profile = ANY (string_to_array('{profiles}', ','))");

    private Task<long> CountAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates");

    private string PathOf(string file) => file switch
    {
        "root certificate" => CaFiles.RootCertificate(_folder),
        "root key" => CaFiles.RootKey(_folder),
        "intermediate certificate" => CaFiles.IntermediateCertificate(_folder),
        _ => CaFiles.IntermediateKey(_folder),
    };
}
