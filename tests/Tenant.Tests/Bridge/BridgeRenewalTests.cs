using IoTPlatform.Database;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Bridge;

public sealed class BridgeRenewalTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;

    public async Task InitializeAsync() => _tenant = await TestTenant.StartAsync();

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Run_FreshCertificate_DoesNothing()
    {
        (await Renewal(TimeSpan.Zero).RunAsync(CancellationToken.None)).ShouldBeFalse();

        _tenant.Provider.Calls.ShouldNotContain(c => c.Contains("bridge/renew", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Run_AfterTwoThirds_RenewsOverMutualTlsAndKeepsTheKey()
    {
        var before = await BridgeAsync();
        var key = await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.key"));

        (await Renewal(TimeSpan.FromDays(250)).RunAsync(CancellationToken.None)).ShouldBeTrue();

        (await BridgeAsync()).ShouldNotBe(before);
        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.key"))).ShouldBe(key);
        await _tenant.BootAsync();
        (await _tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'bridge.renewed'")).ShouldBe(1);
    }

    /// <summary>mTLS is over then: the Sub-CA's key, which is valid for longer, vouches for the bridge's.</summary>
    [SkippableFact]
    public async Task Run_Expired_RenewsOnTheProofOfTheSubCaKey()
    {
        var before = await BridgeAsync();
        var key = await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.key"));

        _tenant.Provider.Time = new FakeTime(TimeProvider.System.GetUtcNow().AddDays(366));

        (await Renewal(TimeSpan.FromDays(366)).RunAsync(CancellationToken.None)).ShouldBeTrue();

        _tenant.Provider.Calls.ShouldContain(c => c.EndsWith("/bridge/reissue", StringComparison.Ordinal));
        _tenant.Provider.Calls.ShouldNotContain(c => c.EndsWith("/bridge/renew", StringComparison.Ordinal));
        (await BridgeAsync()).ShouldNotBe(before);
        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.key"))).ShouldBe(key);
    }

    [SkippableFact]
    public async Task Run_ProviderAway_KeepsTheOldOneAndTriesAgain()
    {
        var before = await BridgeAsync();
        await _tenant.Provider.GoAwayAsync();

        await Should.ThrowAsync<ProviderBusyException>(() => Renewal(TimeSpan.FromDays(250)).RunAsync(CancellationToken.None));

        (await BridgeAsync()).ShouldBe(before);
        await _tenant.Provider.ListenAsync();
        (await Renewal(TimeSpan.FromDays(250)).RunAsync(CancellationToken.None)).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Boot_ExpiredBridge_StillServesDevices()
    {
        await _tenant.StopAsync();

        await _tenant.BootAsync(time: new FakeTime(TimeProvider.System.GetUtcNow().AddDays(366)));
    }

    [SkippableFact]
    public async Task Upkeep_BundleFileChanged_IsPutBack()
    {
        var path = _tenant.InData("join-bundle", "rabbitmq.env");
        var content = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, "RABBITMQ_URL='amqps://elsewhere'\n");

        await _tenant.Service<MaintenanceService>().RunOnceAsync(CancellationToken.None);

        (await File.ReadAllTextAsync(path)).ShouldBe(content);
    }

    private BridgeRenewal Renewal(TimeSpan later)
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow() + later);
        var files = _tenant.Service<JoinFiles>();
        return new BridgeRenewal(files, _tenant.Service<BundleFiles>(), new ProviderLink(_tenant.Options(), files, TimeProvider.System), _tenant.Service<CertificateAuthority.SubCa>(), _tenant.Authority, _tenant.Service<AuditLog>(), time);
    }

    private Task<string> BridgeAsync() => File.ReadAllTextAsync(_tenant.InData("join-bundle", "mqtt-bridge.crt"));
}
