using IoTPlatform.Database;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

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

    /// <summary>A provider that was renamed, or has another identity provider than before. The tenant is not restarted.</summary>
    [SkippableFact]
    public async Task Run_IdentityProviderMoved_TheNextLoginLeadsThere()
    {
        await using var before = await OidcServer.StartAsync(TimeProvider.System);
        await using var after = await OidcServer.StartAsync(TimeProvider.System);
        _tenant.FederationCa = _tenant.InData("idp.pem");
        await MoveAsync(before);
        await _tenant.BootAsync();
        (await LoginAsync(before)).ShouldStartWith(before.Issuer + "/auth?");

        await MoveAsync(after);

        (await LoginAsync(after)).ShouldStartWith(after.Issuer + "/auth?");
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

    private async Task MoveAsync(OidcServer issuer)
    {
        File.Copy(issuer.CaFile, _tenant.FederationCa!, overwrite: true);
        _tenant.Provider.DiscoveryUrl = issuer.Issuer + "/.well-known/openid-configuration";
        await Refresh().RunAsync(CancellationToken.None); // unless the tenant's own pass was first
    }

    /// <summary>Where a browser is sent.</summary>
    private async Task<string> LoginAsync(OidcServer issuer)
    {
        using var browser = new Browser();
        return (await browser.GetAsync(new Uri(_tenant.Url, "portal/oidc/login"), stopAt: issuer.Issuer)).Url.AbsoluteUri;
    }

    private FederationRefresh Refresh()
    {
        var files = _tenant.Service<JoinFiles>();
        return new FederationRefresh(_tenant.Options(), files, _tenant.Service<BundleFiles>(), new ProviderLink(_tenant.Options(), files, TimeProvider.System), _tenant.Service<AuditLog>());
    }
}
