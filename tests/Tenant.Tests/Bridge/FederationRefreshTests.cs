using IoTPlatform.Database;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Bridge;

public sealed class FederationRefreshTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;

    public async Task InitializeAsync()
    {
        _tenant = await TestTenant.StartAsync();
        await _tenant.Provider.FederationAnswered.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Run_NothingReplaced_DoesNothing() => (await Refresh().RunAsync(CancellationToken.None)).ShouldBeFalse();

    [SkippableFact]
    public void Start_WithoutKeycloak_TellsWhereThePortalIs() => _tenant.Provider.PortalUrl.ShouldBe(_tenant.Options().PublicUrl.AbsoluteUri);

    [SkippableFact]
    public async Task Run_SecretReplacedAtTheProvider_IsInTheBundleAndItsFile()
    {
        _tenant.Provider.FederationSecret = "another-secret";

        (await Refresh().RunAsync(CancellationToken.None)).ShouldBeTrue();
        (await Refresh().RunAsync(CancellationToken.None)).ShouldBeFalse();

        _tenant.Service<JoinFiles>().ReadBundle()!.CdmIdpClientSecret.ShouldBe("another-secret");
        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "keycloak-federation.env"))).ShouldContain("CDM_IDP_CLIENT_SECRET='another-secret'");
        (await _tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'federation.credentials_replaced'")).ShouldBe(1);
        (await _tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE details::text LIKE '%another-secret%'")).ShouldBe(0);
    }

    [SkippableTheory]
    [InlineData("it's")]
    [InlineData("two\nlines")]
    [InlineData("")]
    public async Task Run_AnswerThatWouldBreakOutOfTheEnvFile_IsNotStored(string secret)
    {
        var before = await File.ReadAllTextAsync(_tenant.InData("join-bundle", "bundle.json"));
        _tenant.Provider.FederationSecret = secret;

        await Should.ThrowAsync<InvalidOperationException>(() => Refresh().RunAsync(CancellationToken.None));

        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "bundle.json"))).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Run_ProviderAway_KeepsWhatThereIs()
    {
        await _tenant.Provider.GoAwayAsync();

        await Should.ThrowAsync<ProviderBusyException>(() => Refresh().RunAsync(CancellationToken.None));

        _tenant.Service<JoinFiles>().ReadBundle()!.CdmIdpClientSecret.ShouldBe(_tenant.Provider.FederationSecret);
    }

    [SkippableFact]
    public async Task Run_ProviderWithoutAnIdentityProvider_IsNoFailureAndKeepsWhatThereIs()
    {
        _tenant.Provider.HasIdentityProvider = false;

        (await Refresh().RunAsync(CancellationToken.None)).ShouldBeFalse();

        _tenant.Service<JoinFiles>().ReadBundle()!.CdmIdpClientSecret.ShouldBe(_tenant.Provider.FederationSecret);
    }

    private FederationRefresh Refresh()
    {
        var files = _tenant.Service<JoinFiles>();
        return new FederationRefresh(_tenant.Options(), files, _tenant.Service<BundleFiles>(), new ProviderLink(_tenant.Options(), files, TimeProvider.System), _tenant.Service<AuditLog>());
    }
}
