using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
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

    [SkippableFact]
    public async Task Suspend_TakesTheClient_AndResumeGivesItBackWithTheSecretOfNow()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.ActivateAsync("paused", tenant);
        var admin = await Provider.AdminAsync();

        (await admin.PostJsonAsync("portal/admin/tenants/paused/suspend", """{"reason":"unpaid"}""")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Provider.AuthenticatesAsync("paused", bundle.CdmIdpClientSecret!)).ShouldBeFalse();

        var next = (await admin.PostAsync("portal/admin/tenants/paused/federation/rotate-secret")).Read(ContractsJson.Default.FederationCredentials).CdmIdpClientSecret;
        (await Provider.AuthenticatesAsync("paused", next)).ShouldBeFalse();

        (await admin.PostAsync("portal/admin/tenants/paused/resume")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Provider.AuthenticatesAsync("paused", next)).ShouldBeTrue();
        (await Provider.AuthenticatesAsync("paused", bundle.CdmIdpClientSecret!)).ShouldBeFalse();
    }

    /// <summary>Without Keycloak its portal takes the logins, and the tenant says where that is.</summary>
    [SkippableFact]
    public async Task MovePortal_ByTheTenantItself_ItsClientLeadsThere()
    {
        using var tenant = new TestTenant();
        var request = tenant.Request(keycloakUrl: null) with { PortalUrl = "https://portable.example:9543/" };
        var bundle = (await Provider.TryJoinAsync((await Provider.PrepareAsync("portable")).JoinKey, request)).Read(ContractsJson.Default.JoinBundle);
        (await Provider.RedirectUriAsync("portable")).ShouldBe("https://portable.example:9543/portal/oidc/callback");
        await Provider.TryConfirmAsync("portable", tenant);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);

        var moved = await MoveAsync(bridge, "portable", "https://elsewhere.example/");

        moved.Read(ContractsJson.Default.FederationCredentials).CdmIdpClientSecret.ShouldBe(bundle.CdmIdpClientSecret);
        (await Provider.RedirectUriAsync("portable")).ShouldBe("https://elsewhere.example/portal/oidc/callback");
        (await Provider.AuditedAsync("federation.portal_moved", "portable")).ShouldBe(1);
        (await MoveAsync(bridge, "discovering", "https://evil.example/")).ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");
        (await MoveAsync(bridge, "portable", "http://evil.example/")).ShouldBe(HttpStatusCode.BadRequest, "invalid_request");
        (await Provider.RedirectUriAsync("portable")).ShouldBe("https://elsewhere.example/portal/oidc/callback");
    }

    /// <summary>As after a Keycloak that was left.</summary>
    [SkippableFact]
    public async Task Start_AtAnotherIdentityProvider_TenantsHaveTheirClientsThereWithTheSecretsTheyHave()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.ActivateAsync("upgraded", tenant);
        await Provider.Database.ExecuteAsync("DELETE FROM issuer.applications WHERE client_id = 'cdm-federation-upgraded'");
        await Provider.Database.ExecuteAsync("INSERT INTO issuer.applications (id, client_id) VALUES ('1', 'cdm-federation-removed-meanwhile'), ('2', 'iot-cli-of-somebody')");
        await Provider.Database.ExecuteAsync("UPDATE provider.kept_settings SET value = 'https://keycloak.example/realms/cdm/.well-known/openid-configuration' WHERE setting = 'IOT_CDM_DISCOVERY_URL'");

        await Provider.StopAsync();
        await Provider.StartAgainAsync();

        await Eventually.ShouldAsync(() => Provider.AuthenticatesAsync("upgraded", bundle.CdmIdpClientSecret!));
        (await Provider.Database.ScalarAsync<string>("SELECT string_agg(client_id, ' ') FROM issuer.applications WHERE id IN ('1', '2')")).ShouldBe("iot-cli-of-somebody");
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        (await Provider.Anonymous(bridge).GetAsync("portal/admin/tenants/upgraded/federation")).Read(ContractsJson.Default.FederationCredentials).CdmIdpClientSecret.ShouldBe(bundle.CdmIdpClientSecret);
    }

    [SkippableFact]
    public async Task MovePortal_KeycloakGivenUp_ItsClientLeadsToThePortalAgain()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.ActivateAsync("regretting", tenant);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        (await MoveAsync(bridge, "regretting", "https://regretting.example/")).Status.ShouldBe(HttpStatusCode.OK);
        (await Provider.RedirectUriAsync("regretting")).ShouldBe(FederationClient.RedirectUriOf("regretting", "https://keycloak.acme.example")!.AbsoluteUri);

        for (var repetition = 0; repetition < 2; repetition++)
        {
            (await MoveAsync(bridge, "regretting", "https://regretting.example/", keycloakGivenUp: true)).Status.ShouldBe(HttpStatusCode.OK);
        }

        (await Provider.RedirectUriAsync("regretting")).ShouldBe("https://regretting.example/portal/oidc/callback");
        (await Provider.AuditedAsync("federation.portal_moved", "regretting")).ShouldBe(2);
    }

    private Task<Answer> MoveAsync(X509Certificate2 bridge, string tenantId, string portal, bool keycloakGivenUp = false) => Provider.Anonymous(bridge).SendAsync(
        HttpMethod.Put, $"portal/admin/tenants/{tenantId}/federation/portal",
        JsonContent.Create(new MoveTenantPortalRequest { PortalUrl = portal, KeycloakGivenUp = keycloakGivenUp }, ContractsJson.Default.MoveTenantPortalRequest));

    [SkippableFact]
    public async Task Inspect_Client_IsTheTenantsOwn()
    {
        using var tenant = new TestTenant();
        await Provider.JoinAsync((await Provider.PrepareAsync("shown")).JoinKey, tenant);

        (await Provider.RedirectUriAsync("shown")).ShouldBe(FederationClient.RedirectUriOf("shown", "https://keycloak.acme.example")!.AbsoluteUri);
        (await Provider.RedirectUriAsync("not-shown")).ShouldBeNull();
    }
}
