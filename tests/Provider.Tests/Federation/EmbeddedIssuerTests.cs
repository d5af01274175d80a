using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Federation;

/// <summary>What a JOIN bundle says of the provider's issuer, on the embedded default.</summary>
public sealed class EmbeddedIssuerTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private RunningProvider Provider => fixture.Provider;

    [SkippableFact]
    public async Task Join_BundlesDiscoveryUrl_Answers()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.JoinAsync((await Provider.PrepareAsync("discovering")).JoinKey, tenant);

        var answer = await Provider.Anonymous().GetAsync(bundle.CdmDiscoveryUrl!);

        answer.Status.ShouldBe(HttpStatusCode.OK);
        var document = JsonNode.Parse(answer.Body)!;
        ((string?)document["issuer"] + "/.well-known/openid-configuration").ShouldBe(bundle.CdmDiscoveryUrl);
        (await Provider.Anonymous().GetAsync((string)document["jwks_uri"]!)).Body.ShouldContain("\"RS256\"");
        (await Provider.AuthenticatesAsync("discovering", bundle.CdmIdpClientSecret!)).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Remove_TenantsClientIsGone()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.ActivateAsync("leaving", tenant);

        (await (await Provider.AdminAsync()).DeleteAsync("portal/admin/tenants/leaving")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await Provider.AuthenticatesAsync("leaving", bundle.CdmIdpClientSecret!)).ShouldBeFalse();
    }

    /// <summary>As of a version before, whose tenants had no client.</summary>
    [SkippableFact]
    public async Task Start_TenantWithoutClient_GetsOneAndTheSecretItHas()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.ActivateAsync("upgraded", tenant);
        await Provider.Database.ExecuteAsync("DELETE FROM issuer.applications WHERE client_id = 'cdm-federation-upgraded'");
        await Provider.Database.ExecuteAsync("UPDATE provider.tenants SET federation_due_at = now() WHERE tenant_id = 'upgraded'");

        await Provider.StopAsync();
        await Provider.StartAgainAsync();

        await Eventually.ShouldAsync(() => Provider.AuthenticatesAsync("upgraded", bundle.CdmIdpClientSecret!));
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        (await Provider.Anonymous(bridge).GetAsync("portal/admin/tenants/upgraded/federation")).Read(ContractsJson.Default.FederationCredentials).CdmIdpClientSecret.ShouldBe(bundle.CdmIdpClientSecret);
    }

    [SkippableFact]
    public async Task Inspect_Client_IsTheTenantsOwn()
    {
        using var tenant = new TestTenant();
        await Provider.JoinAsync((await Provider.PrepareAsync("shown")).JoinKey, tenant);

        (await Provider.RedirectUriAsync("shown")).ShouldBe(FederationClient.RedirectUriOf("shown", "https://keycloak.acme.example")!.AbsoluteUri);
        (await Provider.RedirectUriAsync("not-shown")).ShouldBeNull();
    }
}
