using System.Net;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

/// <summary>The secrets of a bundle are invalid once its JOIN is taken back or superseded.</summary>
public sealed class JoinSecretsTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task TakeBack_FirstJoin_ItsClientIsGoneAndTheNextJoinHasAnotherSecret()
    {
        using var thief = new TestTenant();
        using var owner = new TestTenant();
        var stolen = (await _provider.JoinAsync((await _provider.PrepareAsync("secret-first")).JoinKey, thief)).CdmIdpClientSecret;

        var key = await _provider.ReplaceKeyAsync("secret-first");

        (await _provider.RedirectUriAsync("secret-first")).ShouldBeNull();
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.federation_secrets WHERE tenant_id = 'secret-first'")).ShouldBe(0);
        (await _provider.JoinAsync(key, owner)).CdmIdpClientSecret.ShouldNotBe(stolen);
    }

    [SkippableFact]
    public async Task TakeBack_JoinOfAnActiveTenant_NeverHadItsSecretNorItsClient()
    {
        using var owner = new TestTenant();
        using var thief = new TestTenant();
        var bundle = await _provider.ActivateAsync("secret-again", owner);
        var stolen = (await _provider.TryJoinAsync(await _provider.ReplaceKeyAsync("secret-again"), thief.Request("https://evil.example"))).Read(ContractsJson.Default.JoinBundle);
        stolen.CdmIdpClientSecret.ShouldNotBe(bundle.CdmIdpClientSecret);
        await ShouldSignInWithAsync("secret-again", bundle.CdmIdpClientSecret!, "keycloak.acme.example");
        using var thiefsBridge = thief.WithBridgeKey(stolen.MqttBridgeCert);
        (await FetchAsync("secret-again", thiefsBridge)).CdmIdpClientSecret.ShouldBe(stolen.CdmIdpClientSecret);

        var key = await _provider.ReplaceKeyAsync("secret-again");

        (await _provider.ShowAsync("secret-again")).Status.ShouldBe(TenantStatus.Active);
        await ShouldSignInWithAsync("secret-again", bundle.CdmIdpClientSecret!, "keycloak.acme.example");
        using var bridge = owner.WithBridgeKey(bundle.MqttBridgeCert);
        (await FetchAsync("secret-again", bridge)).CdmIdpClientSecret.ShouldBe(bundle.CdmIdpClientSecret);
        using var next = new TestTenant();
        (await _provider.JoinAsync(key, next)).CdmIdpClientSecret.ShouldNotBeOneOf(stolen.CdmIdpClientSecret, bundle.CdmIdpClientSecret);
    }

    [SkippableFact]
    public async Task Confirm_JoinOfAnActiveTenant_TheOldSecretSignsInNoMore()
    {
        using var old = new TestTenant();
        using var fresh = new TestTenant();
        var before = await _provider.ActivateAsync("secret-moved", old);
        var after = (await _provider.TryJoinAsync(await _provider.ReplaceKeyAsync("secret-moved"), fresh.Request("https://keycloak.new.example"))).Read(ContractsJson.Default.JoinBundle);

        (await _provider.TryConfirmAsync("secret-moved", fresh)).Status.ShouldBe(HttpStatusCode.NoContent);

        after.CdmIdpClientSecret.ShouldNotBe(before.CdmIdpClientSecret);
        await ShouldSignInWithAsync("secret-moved", after.CdmIdpClientSecret!, "keycloak.new.example");
        using var bridge = fresh.WithBridgeKey(after.MqttBridgeCert);
        (await FetchAsync("secret-moved", bridge)).CdmIdpClientSecret.ShouldBe(after.CdmIdpClientSecret);
        (await _provider.Database.ScalarAsync<bool>("SELECT federation_due_at IS NULL FROM provider.tenants WHERE tenant_id = 'secret-moved'")).ShouldBeTrue();
    }

    private async Task<FederationCredentials> FetchAsync(string tenantId, System.Security.Cryptography.X509Certificates.X509Certificate2 bridge) =>
        (await _provider.Anonymous(bridge).GetAsync($"portal/admin/tenants/{tenantId}/federation")).Read(ContractsJson.Default.FederationCredentials);

    private async Task ShouldSignInWithAsync(string tenantId, string secret, string host)
    {
        (await _provider.AuthenticatesAsync(tenantId, secret)).ShouldBeTrue();
        (await _provider.RedirectUriAsync(tenantId))!.ShouldContain(host);
    }
}
