using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>A joined tenant that is started with another JOIN key.</summary>
public sealed class NewJoinKeyTests : IAsyncLifetime
{
    private const string NewKey = "BCDE-FGHJ-KMNP-QRST";
    private TestTenant _tenant = null!;

    public async Task InitializeAsync()
    {
        _tenant = await TestTenant.CreateAsync();
        await _tenant.BootAsync();
        await _tenant.StopAsync();
        _tenant.JoinKey = NewKey;
        _tenant.Provider.ReplaceKey(NewKey);
    }

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Boot_BridgeRevoked_JoinsAgainWithTheSameSubCaKeyAndANewBridgeKey()
    {
        var (subCa, bridge) = (KeyOf("sub-ca.crt"), KeyOf("mqtt-bridge.crt"));
        _tenant.Provider.RefuseBridge(401, "certificate_revoked");
        var progress = new RecordingProgress();

        await _tenant.BootAsync(progress);

        progress.Lines.Where(l => l.EndsWith(" done")).ShouldBe(["new-join-key done", "bridge-certificate done", "bundle-files done", "confirm done"]);
        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        KeyOf("sub-ca.crt").ShouldBe(subCa);
        KeyOf("mqtt-bridge.crt").ShouldNotBe(bridge);
        ShouldBeWhole();
        var calls = JoinCalls;
        await _tenant.BootAsync();
        JoinCalls.ShouldBe(calls, "the same key again changes nothing");
    }

    [SkippableFact]
    public async Task Boot_BridgeTaken_IsRefusedWithAWordAndNothingChanges()
    {
        var bridge = KeyOf("mqtt-bridge.crt");
        var calls = JoinCalls;

        (await RefusedAsync()).ShouldContain("JOIN_KEY is another key than the one this tenant joined with");

        JoinCalls.ShouldBe(calls, "the key is not spent");
        KeyOf("mqtt-bridge.crt").ShouldBe(bridge);
    }

    /// <summary>Not revoked, but expired by the provider's clock, unknown after a restore there, or of a JOIN that is gone.</summary>
    [SkippableTheory]
    [InlineData(401, "client_certificate_required")]
    [InlineData(403, "not_this_tenant")]
    public async Task Boot_BridgeNotGoodAnyMore_JoinsAgain(int status, string code)
    {
        _tenant.Provider.RefuseBridge(status, code);

        await _tenant.BootAsync();

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        ShouldBeWhole();
    }

    /// <summary>The provider takes the bridge, but an expired Sub-CA can prove nothing for a rotation: the key is its only way.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Boot_SubCaExpired_JoinsAgainWithTheSameSubCaKey(bool knowsItsFormerKey)
    {
        if (!knowsItsFormerKey)
        {
            File.Delete(InBundle("joined.json"));
        }

        await File.WriteAllTextAsync(SubCaChain, _tenant.Provider.ExpiredSubCaChain());
        var subCa = KeyOf("sub-ca.crt");
        _tenant.JoinKey = null;
        (await RefusedAsync()).ShouldContain("replace-key acme");

        _tenant.JoinKey = NewKey;
        await _tenant.BootAsync();

        KeyOf("sub-ca.crt").ShouldBe(subCa);
        _tenant.Authority.Chain.Issuer.NotAfter.ShouldBeGreaterThan(TimeProvider.System.GetLocalNow().DateTime);
        ShouldBeWhole();
    }

    /// <summary>The provider's certificate cannot be verified by a wrong clock, so neither can its refusal: the key is not spent and nothing changes.</summary>
    [SkippableFact]
    public async Task Boot_ClockIsWrong_WaitsAndKeepsTheFormerBridge()
    {
        var (bridge, calls) = (KeyOf("mqtt-bridge.crt"), JoinCalls);
        _tenant.Provider.RefuseBridge(401, "client_certificate_required");
        var progress = new RecordingProgress();
        using var stop = new CancellationTokenSource();

        var boot = _tenant.BootAsync(progress, new SlowClock(), stop.Token);
        await progress.WaitedAsync(boot);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => boot);

        progress.Lines.ShouldContain(line => line.StartsWith("new-join-key waiting: ") && line.Contains("clock"));
        JoinCalls.ShouldBe(calls);
        KeyOf("mqtt-bridge.crt").ShouldBe(bridge);
    }

    [SkippableFact]
    public async Task Boot_AnswerThatCannotBeUsed_IsNotKept()
    {
        var bridge = KeyOf("mqtt-bridge.crt");
        _tenant.Provider.RefuseBridge(401, "certificate_revoked");
        _tenant.Provider.Tamper = bundle => HostileBundleTests.Copy(bundle, bridge: bundle.SignedCert);
        (await RefusedAsync()).ShouldContain("the provider's answer cannot be used");
        _tenant.Provider.Tamper = bundle => HostileBundleTests.Copy(bundle, tenantId: "globex");
        (await RefusedAsync()).ShouldContain("is for tenant 'globex'");

        _tenant.JoinKey = null;
        await _tenant.BootAsync();
        KeyOf("mqtt-bridge.crt").ShouldBe(bridge);
    }

    [SkippableTheory]
    [InlineData("tenant_suspended")]
    [InlineData("sub_ca_revoked")]
    [InlineData("client_certificate_not_allowed")]
    public async Task Boot_TenantRefusedForAnotherReason_SaysThatTheKeyDoesNotHelp(string code)
    {
        _tenant.Provider.RefuseBridge(403, code);
        var calls = JoinCalls;

        (await RefusedAsync()).ShouldContain(code);

        JoinCalls.ShouldBe(calls);
    }

    [SkippableFact]
    public async Task Boot_KeyThatTheProviderRefuses_SaysThatTheTenantGoesOnWithoutIt()
    {
        _tenant.Provider.RefuseBridge(401, "certificate_revoked");
        _tenant.JoinKey = "CDEF-GHJK-MNPQ-RSTV";

        var message = await RefusedAsync();

        message.ShouldContain("refused the JOIN key");
        message.ShouldContain("left out");
        _tenant.JoinKey = null;
        await _tenant.BootAsync();
    }

    /// <summary>The answer is lost, or the process dies before, between and after the steps.</summary>
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Boot_CrashAnywhere_NextBootCompletes(int boundary)
    {
        _tenant.Provider.RefuseBridge(401, "certificate_revoked");
        await Should.ThrowAsync<SimulatedCrashException>(() => _tenant.BootAsync(new CrashingProgress(boundary)));

        await _tenant.BootAsync();

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        ShouldBeWhole();
    }

    /// <summary>
    /// Every file of the answer is on its own. The process is killed once it is kept and <paramref name="taken"/> of Sub-CA certificate, bundle,
    /// bridge key and record are in place, or while <paramref name="cleared"/> of the copies are gone; the next start has the key or not.
    /// </summary>
    [SkippableTheory]
    [InlineData(0, 0, true)]
    [InlineData(0, 0, false)]
    [InlineData(1, 0, false)]
    [InlineData(2, 0, true)]
    [InlineData(2, 0, false)]
    [InlineData(3, 0, false)]
    [InlineData(4, 0, true)]
    [InlineData(4, 0, false)]
    [InlineData(4, 1, false)]
    [InlineData(4, 2, true)]
    [InlineData(4, 2, false)]
    public async Task Boot_AnswerKeptAndPartlyInPlace_IsTakenOver(int taken, int cleared, bool withKey)
    {
        _tenant.Provider.RefuseBridge(401, "certificate_revoked");
        string[] names = ["mqtt-bridge.key", "joined.json", "bundle.json"];
        string[] order = [SubCaChain, .. (string[])[InBundle("bundle.json"), InBundle("mqtt-bridge.key"), InBundle("joined.json")]];
        var before = order.ToDictionary(path => path, File.ReadAllBytes);
        await Should.ThrowAsync<SimulatedCrashException>(() => _tenant.BootAsync(new CrashingProgress(1)));
        var pending = Directory.CreateDirectory(InBundle("pending")).FullName;
        foreach (var name in names.Skip(cleared))
        {
            File.Copy(InBundle(name), Path.Combine(pending, name));
        }

        foreach (var path in order.Skip(taken))
        {
            await File.WriteAllBytesAsync(path, before[path]);
        }

        if (cleared == 0)
        {
            await _tenant.Database.ExecuteAsync("UPDATE tenant.identity SET confirmed_at = now()");
        }

        var calls = JoinCalls;
        _tenant.JoinKey = withKey ? NewKey : null;

        await _tenant.BootAsync();

        JoinCalls.ShouldBe(calls);
        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        File.ReadAllBytes(SubCaChain).ShouldNotBe(before[SubCaChain]);
        ShouldBeWhole();
    }

    [SkippableFact]
    public async Task Boot_AnswerLost_OffersTheSameBridgeKeyAgain()
    {
        _tenant.Provider.RefuseBridge(401, "certificate_revoked");
        _tenant.Provider.Faults.Enqueue(new Fault("/portal/admin/join") { LosesAnswer = true });
        var progress = new RecordingProgress();

        await _tenant.BootAsync(progress);

        progress.Lines.ShouldContain(line => line.StartsWith("new-join-key waiting: "));
        ShouldBeWhole();
    }

    private int JoinCalls => _tenant.Provider.Calls.Count(call => call == "POST /portal/admin/join");

    private async Task<string> RefusedAsync() => (await Should.ThrowAsync<StartupException>(() => _tenant.BootAsync())).Message;

    private string SubCaChain => _tenant.InData("sub-ca", "0001", "chain.pem");

    private string InBundle(string name) => _tenant.InData("join-bundle", name);

    private byte[] KeyOf(string name)
    {
        using var certificate = Pem.ParseCertificate(File.ReadAllText(InBundle(name)));
        return certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }

    /// <summary>Key and certificate are a pair, nothing waits, and the key is known.</summary>
    private void ShouldBeWhole()
    {
        using var pair = X509Certificate2.CreateFromPemFile(InBundle("mqtt-bridge.crt"), InBundle("mqtt-bridge.key"));
        Directory.Exists(InBundle("pending")).ShouldBeFalse();
        JoinRecord.Find(_tenant.Data)!.IsKey(NewKey).ShouldBeTrue();
    }

    /// <summary>An hour behind.</summary>
    private sealed class SlowClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(-1);
    }
}
