using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>An Intermediate CA below a root of others: of a real step-ca, and by hand with the real step.</summary>
public sealed class ExternalRootTests : IClassFixture<ExternalRootTests.Above>, IAsyncLifetime, IDisposable
{
    private readonly Above _above;
    private readonly TempFolder _temp = new();
    private readonly LogCapture _logs = new();
    private readonly ILoggerFactory _loggers;
    private DataFolder _folder = null!;
    private TestDatabase _database = null!;

    public ExternalRootTests(Above above)
    {
        _above = above;
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_logs));
    }

    private RootStepCa StepCa => _above.StepCa;

    private string ListPath => _folder.Combine("certs", RevokedIntermediatesFile.Name);

    private ExternalRootOptions Automatic => new()
    {
        Fingerprint = StepCa.Fingerprint,
        StepCa = new UpstreamOptions { Settings = UpstreamSettings.Root, Url = StepCa.Url, RootFingerprint = StepCa.Fingerprint, Credential = UpstreamCredential.Jwk(RootStepCa.Provisioner, RootStepCa.Password) },
    };

    private ExternalRootOptions ByHand => new() { Fingerprint = StepCa.Fingerprint };

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
        _loggers.Dispose();
    }

    [SkippableFact]
    public async Task Ensure_EmptyFolder_HasAnIntermediateOfStepCasRootAndNoRootKey()
    {
        var issuers = await EnsureAsync(Automatic);

        issuers.Chain.Root.RawData.ShouldBe(StepCa.Root.RawData);
        var intermediate = ParsedCertificate.Parse(issuers.Active.Certificate.RawDataMemory);
        (intermediate.PathLength, intermediate.Names.CommonName, (intermediate.NotAfter - intermediate.NotBefore).Days).ShouldBe((1, "IoTPlatform Intermediate CA", 1825));
        File.Exists(CaFiles.RootKey(_folder)).ShouldBeFalse();
        (await _database.ScalarAsync<string>("SELECT string_agg(profile, ',' ORDER BY id) FROM ca.certificates")).ShouldBe("intermediate");
        (await _database.ScalarAsync<string>("SELECT string_agg(action, ',' ORDER BY sequence) FROM audit.entries")).ShouldBe("ca.root_adopted,certificate.issued");
        (await EnsureAsync(Automatic)).Chain.Pem.ShouldBe(issuers.Chain.Pem);
        (await EnsureAsync(external: null)).Chain.Pem.ShouldBe(issuers.Chain.Pem, "once it is there, no setting is needed");
        (await CountAsync()).ShouldBe(1);
    }

    // What a kill -9 leaves behind after each step of the first start, in order.
    [SkippableTheory]
    [InlineData("key written", "root certificate,intermediate certificate,answer", true)]
    [InlineData("answer written", "root certificate,intermediate certificate", true)]
    [InlineData("root written", "intermediate certificate", true)]
    [InlineData("recorded, not written", "intermediate certificate", false)]
    public async Task Ensure_KilledBetweenTwoSteps_TheNextStartCompletesForTheSameKey(string point, string missing, bool nothingRecorded)
    {
        var first = await EnsureAsync(Automatic);
        foreach (var file in missing.Split(','))
        {
            File.Delete(file switch
            {
                "root certificate" => CaFiles.RootCertificate(_folder),
                "answer" => CaFiles.SignedIntermediate(_folder),
                _ => CaFiles.IntermediateCertificate(_folder),
            });
        }

        if (nothingRecorded)
        {
            await _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; DELETE FROM ca.certificates");
        }

        var resumed = await EnsureAsync(Automatic);

        resumed.Active.Issuer.SubjectPublicKeyInfo.ToArray().ShouldBe(first.Active.Issuer.SubjectPublicKeyInfo.ToArray(), point);
        resumed.Active.Certificate.RawData.SequenceEqual(first.Active.Certificate.RawData).ShouldBe(point != "key written", "nobody is asked for a second one");
        (await CountAsync()).ShouldBe(1);
        (await EnsureAsync(Automatic)).Chain.Pem.ShouldBe(resumed.Chain.Pem);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ensure_DatabaseLost_TheIntermediateIsOnRecordAgainAndTheRootIsOfOthers(bool isAnswerThere)
    {
        var first = await EnsureAsync(Automatic);
        await _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; DELETE FROM ca.certificates");
        if (!isAnswerThere)
        {
            File.Delete(CaFiles.SignedIntermediate(_folder));
        }

        (await EnsureAsync(external: null)).Chain.Pem.ShouldBe(first.Chain.Pem);

        (await _database.ScalarAsync<string>("SELECT string_agg(profile, ',' ORDER BY id) FROM ca.certificates")).ShouldBe("intermediate");
        (await RefusalAsync(external: null, new IntermediateReplacement(SerialOf(first), IsCompromised: true))).ShouldContain("a root of others has to sign");
    }

    [SkippableFact]
    public async Task Ensure_StepCaAway_SaysSoAndTheNextStartGoesOn()
    {
        await StepCa.GoAwayAsync();
        try
        {
            (await RefusalAsync(Automatic)).ShouldContain("It is away, or busy. The next start asks again, for the same key.");
        }
        finally
        {
            await StepCa.ComeBackAsync();
        }

        var key = await File.ReadAllBytesAsync(CaFiles.IntermediateKey(_folder));
        await EnsureAsync(Automatic);
        (await File.ReadAllBytesAsync(CaFiles.IntermediateKey(_folder))).ShouldBe(key);
    }

    [SkippableTheory]
    [InlineData(RootStepCa.Leaves, "can't be the platform's Intermediate CA: it is no CA's", true)]
    [InlineData(RootStepCa.Narrow, "can't be the platform's Intermediate CA: its path length is 0", true)]
    [InlineData("nobody", "it has no JWK provisioner nobody", false)]
    public async Task Ensure_AnotherProvisioner_IsRefusedAndNoOtherCertificateIsMadeUntilItsAnswerIsTakenAway(string provisioner, string expected, bool isSigned)
    {
        var external = Automatic with { StepCa = Automatic.StepCa! with { Credential = UpstreamCredential.Jwk(provisioner, RootStepCa.Password) } };

        (await RefusalAsync(external)).ShouldContain(expected);

        File.Exists(CaFiles.RootCertificate(_folder)).ShouldBeFalse();
        (await CountAsync()).ShouldBe(0);
        var answer = CaFiles.SignedIntermediate(_folder);
        File.Exists(answer).ShouldBe(isSigned);
        if (isSigned)
        {
            var signed = await File.ReadAllTextAsync(answer);
            var refused = await RefusalAsync(Automatic);
            refused.ShouldContain(expected);
            refused.ShouldContain($"serial number {SerialNumber.ToDecimal(Pem.ParseCertificates(signed)[0].SerialNumberBytes.Span)}");
            (await File.ReadAllTextAsync(answer)).ShouldBe(signed, "systemd starts it every five seconds, and each answer would be another CA");
            File.Delete(answer);
        }

        await EnsureAsync(Automatic);
    }

    [SkippableFact]
    public async Task Ensure_WrongPasswordOrRoot_SaysWhatToCompareAndNoSecret()
    {
        var password = await RefusalAsync(Automatic with { StepCa = Automatic.StepCa! with { Credential = UpstreamCredential.Jwk(RootStepCa.Provisioner, "not the password") } });
        password.ShouldContain("the credential can't be used");
        password.ShouldNotContain("not the password");

        var other = new string('a', 64);
        (await RefusalAsync(new ExternalRootOptions { Fingerprint = other, StepCa = Automatic.StepCa with { RootFingerprint = other } })).ShouldContain("no root of the fingerprint in IOT_ROOT_CA_FINGERPRINT");
    }

    [SkippableFact]
    public async Task Ensure_PlatformWithItsOwnRoot_StaysUnderIt()
    {
        var own = await EnsureAsync(external: null);

        (await RefusalAsync(Automatic)).ShouldContain($"stands under the root {Fingerprint.Of(own.Chain.Root)}");

        File.Delete(CaFiles.RootCertificate(_folder));
        (await RefusalAsync(Automatic)).ShouldContain("was begun with a root of its own");
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ensure_EmptyFolderOnADatabaseInUse_IsRefused(bool isOwn)
    {
        await EnsureAsync(isOwn ? null : Automatic);
        Directory.Delete(_folder.Combine("certs"), recursive: true);
        Directory.Delete(_folder.Combine("secrets"), recursive: true);

        (await RefusalAsync(isOwn ? Automatic : null)).ShouldContain("belongs to a CA whose files are not in");
        Directory.Exists(_folder.Combine("secrets")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Replace_Compromised_WantsItInTheRootsListAndIsSignedByStepCaAgain()
    {
        var first = await EnsureAsync(Automatic);
        var replacement = new IntermediateReplacement(SerialOf(first), IsCompromised: true);
        (await RefusalAsync(Automatic, replacement)).ShouldContain($"does not name {first.Active.Certificate.SerialNumber}: nobody would know");
        (await RefusalAsync(external: null, replacement)).ShouldContain("a root of others has to sign. Set IOT_ROOT_CA_FINGERPRINT");
        await StepCa.RevokeAsync(CaFiles.IntermediateCertificate(_folder), ListPath);
        var list = await File.ReadAllBytesAsync(ListPath);
        var nextKey = CaFiles.IntermediateKey(_folder) + ".next";
        await StepCa.GoAwayAsync();
        byte[] left;
        try
        {
            (await RefusalAsync(Automatic, replacement with { IsCompromised = false })).ShouldContain("has not signed the Intermediate CA");
            left = await File.ReadAllBytesAsync(nextKey);
            (await RefusalAsync(Automatic, replacement)).ShouldContain("has not signed the Intermediate CA");
            (await EnsureAsync(Automatic)).Chain.Pem.ShouldBe(first.Chain.Pem, "until there is another one, it runs on without the setting, and without step-ca");
            (await ServedAsync()).ShouldBeEmpty("who had the list would refuse the one that still signs");
            _logs.Text.ShouldContain($"names the Intermediate CA in use, so it is not handed out until another one is in its place: start with IOT_REPLACE_INTERMEDIATE=compromised:{first.Active.Certificate.SerialNumber}");
        }
        finally
        {
            await StepCa.ComeBackAsync();
        }

        var second = await EnsureAsync(Automatic, replacement);

        second.Chain.Root.RawData.ShouldBe(StepCa.Root.RawData);
        second.Active.Issuer.SubjectKeyIdentifier.Span.SequenceEqual(first.Active.Issuer.SubjectKeyIdentifier.Span).ShouldBeFalse();
        second.AlsoAccepted.Single().RawData.ShouldBe(first.Active.Certificate.RawData);
        (await _database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations WHERE reason_code = 2")).ShouldBe(1);
        (await ServedAsync()).ShouldBe(list);
        File.Exists(nextKey).ShouldBeFalse();
        (await File.ReadAllBytesAsync(CaFiles.IntermediateKey(_folder))).ShouldNotBe(left, "who took the key in use took that one, too");
        (await EnsureAsync(Automatic, replacement)).Chain.Pem.ShouldBe(second.Chain.Pem);
        (await CountAsync()).ShouldBe(2);
    }

    /// <summary>By the lines of docs/external-root.md.</summary>
    [SkippableFact]
    public async Task Ensure_SignedByHand_GoesOnWithWhatStepSigned()
    {
        var (request, signed) = (CaFiles.IntermediateRequest(_folder), CaFiles.SignedIntermediate(_folder));
        (await RefusalAsync(ByHand)).ShouldContain($"has to sign {request} as a CA with path length 1");
        (await RefusalAsync(external: null)).ShouldContain("was begun below a root of others. Set IOT_ROOT_CA_FINGERPRINT");
        await File.WriteAllTextAsync(signed, StepCa.Root.ExportCertificatePem());
        (await RefusalAsync(ByHand)).ShouldContain("there is the root alone");
        await File.WriteAllTextAsync(signed, "nothing");
        (await RefusalAsync(ByHand)).ShouldContain("is no certificate");

        await StepCa.SignAsync(request, signed);
        var first = await EnsureAsync(ByHand);

        first.Chain.Root.RawData.ShouldBe(StepCa.Root.RawData);
        (await EnsureAsync(ByHand)).Chain.Pem.ShouldBe(first.Chain.Pem);

        var replacement = new IntermediateReplacement(SerialOf(first), IsCompromised: false);
        (await RefusalAsync(ByHand, replacement)).ShouldContain("it is for another key");
        (await EnsureAsync(ByHand)).Chain.Pem.ShouldBe(first.Chain.Pem);
        await StepCa.SignAsync(request, signed);
        (await EnsureAsync(ByHand, replacement)).AlsoAccepted.Single().RawData.ShouldBe(first.Active.Certificate.RawData);
    }

    [SkippableFact]
    public async Task RootList_PutIntoTheFolder_IsServedAndNeverGoesBack()
    {
        var former = (await EnsureAsync(Automatic)).Active.Certificate;
        var second = await EnsureAsync(Automatic, new IntermediateReplacement(former.SerialNumberBytes.ToArray(), IsCompromised: false));
        (await ServedAsync()).ShouldBeEmpty();
        await File.WriteAllTextAsync(ListPath, "no list");
        (await RefusalAsync(Automatic)).ShouldContain("no complete revocation list of the root");

        var list = StepCa.Revoke(7, former);
        await StartWithAsync(list);
        (await ServedAsync()).ShouldBe(list);

        await StartWithAsync(StepCa.Revoke(6));
        (await ServedAsync()).ShouldBe(list);
        (await File.ReadAllBytesAsync(ListPath)).ShouldBe(list);
        _logs.Text.ShouldContain("had the root's list number 6, and has number 7 again");

        var next = StepCa.Revoke(8, former, StepCa.Root);
        await StartWithAsync(next);
        (await ServedAsync()).ShouldBe(next);

        // As of a CA that leaves out what has expired.
        await StartWithAsync(StepCa.Revoke(9, StepCa.Root));
        (await ServedAsync()).ShouldBe(next);
        _logs.Text.ShouldContain($"the root's list number 9, is not handed out, but number 8 still is: put one there that has a higher number and names all that this one does. Serial numbers that are missing: {former.SerialNumber}");

        // Nobody who has seen number 8 would take it, so it revokes nothing.
        await File.WriteAllBytesAsync(ListPath, StepCa.Revoke(10, StepCa.Root, second.Active.Certificate));
        (await RefusalAsync(Automatic, new IntermediateReplacement(SerialOf(second), IsCompromised: true))).ShouldContain("revocation list does not name");

        async Task StartWithAsync(byte[] file)
        {
            await File.WriteAllBytesAsync(ListPath, file);
            (await EnsureAsync(Automatic)).Chain.Pem.ShouldBe(second.Chain.Pem);
        }
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("FINGERPRINT", "by hand", null)]
    [InlineData("FINGERPRINT,URL,PROVISIONER,PASSWORD", "step-ca", null)]
    [InlineData("FINGERPRINT,PROVISIONER,PASSWORD", null, "IOT_ROOT_CA_URL is missing")]
    [InlineData("URL,PROVISIONER,PASSWORD", null, "IOT_ROOT_CA_FINGERPRINT is not a SHA-256")]
    [InlineData("FINGERPRINT,URL,PASSWORD", null, "IOT_ROOT_CA_PROVISIONER is missing")]
    [InlineData("FINGERPRINT,URL,PROVISIONER", null, "IOT_ROOT_CA_PASSWORD is missing")]
    [InlineData("damaged FINGERPRINT", null, "IOT_ROOT_CA_FINGERPRINT is not a SHA-256")]
    public void Read_Settings_AreUnderstoodOrRefused(string given, string? expected, string? error)
    {
        var values = new Dictionary<string, string?> { ["URL"] = "https://ca.example", ["FINGERPRINT"] = new string('A', 64), ["PROVISIONER"] = "iot-platform", ["PASSWORD"] = "secret", ["damaged FINGERPRINT"] = "A" };
        var settings = given.Split(',', StringSplitOptions.RemoveEmptyEntries).ToDictionary(name => $"IOT_ROOT_CA_{name.Split(' ')[^1]}", name => values[name]);
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());

        var options = ExternalRootOptions.Read(reader);

        (options is null ? null : options.StepCa is null ? "by hand" : "step-ca").ShouldBe(expected);
        options?.Fingerprint.ShouldBe(new string('a', 64));
        if (error is null)
        {
            reader.Errors.ShouldBeEmpty();
        }
        else
        {
            reader.Errors.ShouldHaveSingleItem().ShouldStartWith(error);
        }
    }

    private static byte[] SerialOf(IssuerSet issuers) => ParsedCertificate.Parse(issuers.Active.Certificate.RawDataMemory).SerialNumber.ToArray();

    private async Task<string> RefusalAsync(ExternalRootOptions? external, IntermediateReplacement? replacement = null) => (await Should.ThrowAsync<StartupException>(EnsureAsync(external, replacement))).Message;

    private Task<IssuerSet> EnsureAsync(ExternalRootOptions? external, IntermediateReplacement? replacement = null) => RootAndIntermediate.EnsureAsync(
        _folder, CaPasswords.Resolve(_folder, _ => null), CaHost.DefaultOptions with { ExternalRoot = external }, replacement, _database.DataSource, TimeProvider.System, _loggers, CancellationToken.None);

    /// <summary>The root's list; empty: none.</summary>
    private async Task<byte[]> ServedAsync() => await _database.ScalarAsync<byte[]>("SELECT der FROM ca.revocation_lists WHERE shard = -1") ?? [];

    private Task<long> CountAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates");

    public sealed class Above : IAsyncLifetime
    {
        public RootStepCa StepCa { get; private set; } = null!;

        public async Task InitializeAsync() => StepCa = await RootStepCa.StartAsync();

        public async Task DisposeAsync() => await StepCa.DisposeAsync();
    }
}
