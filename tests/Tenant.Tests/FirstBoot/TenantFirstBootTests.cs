using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.WireGuard;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>First boot as a whole: real files, real database, real TLS.</summary>
public sealed class TenantFirstBootTests : IAsyncLifetime
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private TestTenant _tenant = null!;

    public async Task InitializeAsync() => _tenant = await TestTenant.CreateAsync();

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Boot_JoinKey_JoinsConfirmsAndServes()
    {
        var progress = new RecordingProgress();

        await _tenant.BootAsync(progress);

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        progress.Lines.Where(l => l.EndsWith(" done")).ShouldBe(
        [
            "provider-root done", "sub-ca-key done", "bridge-key done", "wireguard-key done", "join done", "database-owner done",
            "sub-ca-certificate done", "bridge-certificate done", "bundle-files done", "confirm done",
        ]);
        using var client = await _tenant.AdminAsync();
        (await client.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Boot_JoinKey_WritesTheBundleWithKeysForTheOwnerOnly()
    {
        await _tenant.BootAsync();

        foreach (var secret in (string[])["bundle.json", "mqtt-bridge.key", "rabbitmq.env", "keycloak-federation.env"])
        {
            File.GetUnixFileMode(_tenant.InData("join-bundle", secret)).ShouldBe(Secret, secret);
        }

        File.GetUnixFileMode(_tenant.InData("wireguard", "server.key")).ShouldBe(Secret);
        var broker = EnvFile.Load(_tenant.InData("join-bundle", "rabbitmq.env"));
        broker["RABBITMQ_URL"].ShouldBe("amqps://broker.example:5671");
        broker["RABBITMQ_VHOST"].ShouldBe("acme");
        var federation = EnvFile.Load(_tenant.InData("join-bundle", "keycloak-federation.env"));
        federation["CDM_IDP_CLIENT_ID"].ShouldBe("acme-federation");
        federation["CDM_IDP_CLIENT_SECRET"].ShouldBe("s3cret-of-the-federation-client");
        using var key = ECDsa.Create();
        var pem = await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.key"));
        pem.ShouldStartWith("-----BEGIN PRIVATE KEY-----");
        key.ImportFromPem(pem);
        using var bridge = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.crt")));
        bridge.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
    }

    [SkippableFact]
    public async Task Boot_JoinKey_SubCaChainsToTheRootAndItsKeyIsEncrypted()
    {
        await _tenant.BootAsync();

        using var subCa = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(_tenant.InData("join-bundle", "sub-ca.crt")));
        var chain = Pki.Files.Pem.ParseCertificates(await File.ReadAllTextAsync(_tenant.InData("join-bundle", "ca-chain.crt")));
        ChainVerifier.Verify(subCa, chain, [_tenant.Provider.Authority.Root], CertificatePurpose.CertificateAuthority, TimeProvider.System.GetUtcNow()).IsValid.ShouldBeTrue();
        chain[0].RawData.ShouldBe(subCa.RawData);
        var everything = Directory.EnumerateFiles(_tenant.Data, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal));
        var plainKeys = everything.Where(f => File.ReadAllText(f).Contains("-----BEGIN PRIVATE KEY-----") || File.ReadAllText(f).Contains("-----BEGIN EC PRIVATE KEY-----"));
        plainKeys.Select(Path.GetFileName).ShouldBeSubsetOf(["mqtt-bridge.key", "operator-key", .. ServiceKeys()]);
    }

    [SkippableFact]
    public async Task Boot_Again_LooksOnlyAndAsksTheProviderNothing()
    {
        await _tenant.BootAsync();
        await _tenant.Provider.GoAwayAsync();
        var calls = _tenant.Provider.Calls.Count;
        _tenant.JoinKey = null;
        var progress = new RecordingProgress();

        await _tenant.BootAsync(progress);

        progress.Lines.ShouldBeEmpty();
        _tenant.Provider.Calls.Count.ShouldBe(calls);
    }

    [SkippableTheory]
    [InlineData("/root/")]
    [InlineData("/portal/admin/join")]
    [InlineData("/join-confirm")]
    public async Task Boot_EveryKindOfOutageOfEveryCall_WaitsAndCompletes(string path)
    {
        _tenant.Provider.Faults.Enqueue(new Fault(path) { Status = 503, RetryAfter = 1 });
        _tenant.Provider.Faults.Enqueue(new Fault(path) { Status = 429, Code = "too_many_requests" });
        _tenant.Provider.Faults.Enqueue(new Fault(path));
        _tenant.Provider.Faults.Enqueue(new Fault(path) { LosesAnswer = true });
        var progress = new RecordingProgress();
        var time = new FakeTime(TimeProvider.System.GetUtcNow());

        await time.RunAsync(_tenant.BootAsync(progress, time), progress);

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        _tenant.Provider.Faults.ShouldBeEmpty();
        progress.Pauses.Count.ShouldBeGreaterThanOrEqualTo(4);
        progress.Pauses[0].ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
    }

    [SkippableFact]
    public async Task Boot_ProviderAwayAtFirst_WaitsUntilItComes()
    {
        await _tenant.Provider.GoAwayAsync();
        var progress = new RecordingProgress();
        var time = new FakeTime(TimeProvider.System.GetUtcNow());

        var boot = _tenant.BootAsync(progress, time);
        await progress.WaitedAsync(boot);
        await _tenant.Provider.ListenAsync();
        await time.SkipWaitAsync(boot, progress);
        await time.RunAsync(boot, progress);

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        progress.Lines.ShouldContain(l => l.StartsWith("provider-root waiting: "));
    }

    [SkippableFact]
    public async Task Boot_NeitherKeyNorTenantId_SaysWhatToSet()
    {
        _tenant.JoinKey = null;

        (await RefusedAsync()).ShouldContain("JOIN_KEY");
    }

    [SkippableFact]
    public async Task Boot_KeyRefused_SaysWhatToDoAndNotTheKey()
    {
        _tenant.JoinKey = "WRNG-WRNG-WRNG-WRNG";

        var message = await RefusedAsync();

        message.ShouldContain("refused the JOIN key");
        message.ShouldNotContain("WRNG");
    }

    [SkippableFact]
    public async Task Boot_KeyBoundToAnotherSubCaKey_SaysSo()
    {
        await using var other = await TestTenant.CreateAsync();
        await _tenant.BootAsync();
        await _tenant.StopAsync();
        _tenant.Provider.Status = TenantStatus.Joining;
        Directory.Delete(_tenant.Data, recursive: true);
        await _tenant.Database.ExecuteAsSuperuserAsync("DELETE FROM tenant.identity; DELETE FROM platform.identity");

        (await RefusedAsync()).ShouldContain("another Sub-CA key");
    }

    [SkippableFact]
    public async Task Boot_WrongFingerprint_IsRefusedBeforeAnySecretIsSent()
    {
        _tenant.Fingerprint = new string('a', 64);

        (await RefusedAsync()).ShouldContain("STEP_CA_FINGERPRINT");
        _tenant.Provider.Calls.ShouldAllBe(c => c.StartsWith("GET /root/"));
    }

    [SkippableFact]
    public async Task Boot_OtherFingerprintAfterJoin_IsRefused()
    {
        await _tenant.BootAsync();
        _tenant.Fingerprint = new string('a', 64);

        (await RefusedAsync()).ShouldContain("has joined a provider with the root");
    }

    [SkippableFact]
    public async Task Boot_KeyOfAnotherTenant_IsRefused()
    {
        _tenant.TenantId = "globex";

        (await RefusedAsync()).ShouldContain("'acme'");
    }

    [SkippableFact]
    public async Task Boot_DatabaseOfAnotherTenant_IsRefused()
    {
        await _tenant.Database.ExecuteAsync("INSERT INTO tenant.identity (tenant_id, root_fingerprint) VALUES ('globex', $1)", _tenant.Provider.Fingerprint);

        (await RefusedAsync()).ShouldContain("'globex'");
    }

    [SkippableFact]
    public async Task Boot_WrongCaPassword_SaysSo()
    {
        await _tenant.BootAsync();
        await _tenant.StopAsync();
        await File.WriteAllTextAsync(_tenant.InData("ca-password"), "another password\n");

        (await RefusedAsync()).ShouldContain("STEP_CA_PASSWORD");
    }

    [SkippableFact]
    public async Task Boot_BridgeChain_IsWhatABrokerThatKnowsOnlyTheRootNeeds()
    {
        await _tenant.BootAsync();

        var chain = Pem.ParseCertificates(await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge-chain.crt")));
        using var root = Pem.ParseCertificate(await File.ReadAllTextAsync(_tenant.InData("join-bundle", "root_ca.crt")));

        chain.Length.ShouldBe(2, "the leaf and the intermediate, not the root");
        Pem.Certificate(chain[0].RawDataMemory.Span).Trim().ShouldBe((await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.crt"))).Trim());
        ChainVerifier.Verify(chain[0], chain[1..], [root], CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow()).IsValid.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Boot_BundleFileLostOrChanged_IsWrittenAgain()
    {
        await _tenant.BootAsync();
        foreach (var name in (string[])["rabbitmq.env", "keycloak-federation.env", "sub-ca.crt", "ca-chain.crt", "root_ca.crt", "mqtt-bridge.crt", "mqtt-bridge-chain.crt"])
        {
            var path = _tenant.InData("join-bundle", name);
            var content = await File.ReadAllTextAsync(path);

            File.Delete(path);
            await _tenant.BootAsync();
            (await File.ReadAllTextAsync(path)).ShouldBe(content, name);

            await File.WriteAllTextAsync(path, "something else");
            await _tenant.BootAsync();
            (await File.ReadAllTextAsync(path)).ShouldBe(content, name);
        }
    }

    [SkippableFact]
    public async Task Boot_BridgeKeyReadableByOthers_IsProtectedAgain()
    {
        await _tenant.BootAsync();
        var path = _tenant.InData("join-bundle", "mqtt-bridge.key");
        var key = await File.ReadAllTextAsync(path);
        File.SetUnixFileMode(path, Secret | UnixFileMode.OtherRead);

        await _tenant.BootAsync();

        File.GetUnixFileMode(path).ShouldBe(Secret);
        (await File.ReadAllTextAsync(path)).ShouldBe(key);
    }

    [SkippableTheory]
    [InlineData("mqtt-bridge.key")]
    [InlineData("bundle.json")]
    public async Task Boot_WhatOnlyABackupCanRestoreIsLost_SaysSo(string name)
    {
        await _tenant.BootAsync();
        File.Delete(_tenant.InData("join-bundle", name));

        var message = await RefusedAsync();

        message.ShouldContain(name);
        message.ShouldContain("backup");
    }

    [SkippableFact]
    public async Task Boot_BundleDamagedBeforeConfirmation_IsFetchedAgain()
    {
        await Should.ThrowAsync<SimulatedCrashException>(() => _tenant.BootAsync(new CrashingProgress(9)));
        var path = _tenant.InData("join-bundle", "bundle.json");
        var bundle = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, bundle[..(bundle.Length / 2)]);

        await _tenant.BootAsync();

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
    }

    [SkippableFact]
    public async Task Boot_WireGuardKeyLost_GetsANewOne()
    {
        await _tenant.BootAsync();
        File.Delete(_tenant.InData("wireguard", "server.key"));

        await _tenant.BootAsync();

        var key = Convert.FromBase64String((await File.ReadAllTextAsync(_tenant.InData("wireguard", "server.key"))).Trim());
        X25519.PublicKey(key).Length.ShouldBe(32);
    }

    private async Task<string> RefusedAsync() => (await Should.ThrowAsync<StartupException>(() => _tenant.BootAsync())).Message;

    private IEnumerable<string> ServiceKeys() =>
        Directory.EnumerateFiles(_tenant.Data, "*service*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!);
}
