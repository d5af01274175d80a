using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Federation;

/// <summary>A tenant's federation after its JOIN, on the embedded default.</summary>
public sealed class FederationEndpointsTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private RunningProvider Provider => fixture.Provider;

    [SkippableFact]
    public async Task Configure_TenantJoinedWithoutKeycloak_StoresTheExactCallback()
    {
        using var tenant = new TestTenant();
        var bundle = (await Provider.TryJoinAsync((await Provider.PrepareAsync("without")).JoinKey, tenant.Request(keycloakUrl: null))).Read(ContractsJson.Default.JoinBundle);
        (await Provider.ShowAsync("without")).Steps.Single(s => s.Step == "federation").Note!.ShouldStartWith("not configured");

        var credentials = (await ConfigureAsync("without", "https://keycloak.example/auth/")).Read(ContractsJson.Default.FederationCredentials);

        credentials.CdmIdpClientSecret.ShouldBe(bundle.CdmIdpClientSecret);
        (await Provider.RedirectUriAsync("without")).ShouldBe("https://keycloak.example/auth/realms/without/broker/cdm-provider/endpoint");
        (await Provider.ShowAsync("without")).Steps.Single(s => s.Step == "federation").Note.ShouldBeNull();
        (await Provider.AuditedAsync("federation.configured", "without")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task RotateSecret_Always_TheBundleHasTheNewOne()
    {
        using var tenant = new TestTenant();
        var key = (await Provider.PrepareAsync("rotating")).JoinKey;
        var before = (await Provider.JoinAsync(key, tenant)).CdmIdpClientSecret!;

        var answer = await (await Provider.AdminAsync()).PostAsync("portal/admin/tenants/rotating/federation/rotate-secret");

        var after = answer.Read(ContractsJson.Default.FederationCredentials).CdmIdpClientSecret;
        after.ShouldNotBe(before);
        (await Provider.AuthenticatesAsync("rotating", before)).ShouldBeFalse();
        (await Provider.AuthenticatesAsync("rotating", after)).ShouldBeTrue();
        (await Provider.JoinAsync(key, tenant)).CdmIdpClientSecret.ShouldBe(after);
        (await Provider.Database.ScalarAsync<bool>("SELECT next_ciphertext IS NULL FROM provider.federation_secrets WHERE tenant_id = 'rotating'")).ShouldBeTrue();
        (await Provider.AuditedAsync("federation.secret_rotated", "rotating")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Fetch_WithTheBridgeCertificate_AnswersWhatCountsNow()
    {
        using var tenant = new TestTenant();
        var bundle = await Provider.ActivateAsync("fetching", tenant);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        var rotated = (await (await Provider.AdminAsync()).PostAsync("portal/admin/tenants/fetching/federation/rotate-secret")).Read(ContractsJson.Default.FederationCredentials);

        var fetched = (await Provider.Anonymous(bridge).GetAsync("portal/admin/tenants/fetching/federation")).Read(ContractsJson.Default.FederationCredentials);

        fetched.CdmIdpClientSecret.ShouldBe(rotated.CdmIdpClientSecret);
        fetched.CdmIdpClientId.ShouldBe(bundle.CdmIdpClientId);
        (await (await Provider.AdminAsync()).GetAsync("portal/admin/tenants/fetching/federation")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Configure_TenantThatHasNotJoined_Refused()
    {
        await Provider.PrepareAsync("not-joined");

        (await ConfigureAsync("not-joined", "https://keycloak.example")).ShouldBe(HttpStatusCode.Conflict, "tenant_not_joined");
        (await ConfigureAsync("nobody", "https://keycloak.example")).ShouldBe(HttpStatusCode.NotFound, "tenant_not_found");
    }

    [SkippableFact]
    public async Task Init_LocalAccountsOnly_SaysThatThereIsNothingToSetUp()
    {
        var answer = await (await Provider.AdminAsync()).PostAsync(
            "portal/admin/identity/init", new InitIdentityRequest { Username = "admin", Password = "swordfish" }, ContractsJson.Default.InitIdentityRequest);

        answer.ShouldBe(HttpStatusCode.Conflict, "identity_local");
        answer.Body.ShouldNotContain("swordfish");
    }

    [SkippableFact]
    public async Task EveryCall_WithoutASession_Refused()
    {
        foreach (var path in new[] { "portal/admin/identity/init", "portal/admin/tenants/acme/federation", "portal/admin/tenants/acme/federation/rotate-secret" })
        {
            (await Provider.Anonymous().PostJsonAsync(path, "{}")).Status.ShouldBe(HttpStatusCode.Unauthorized, path);
        }
    }

    private async Task<Answer> ConfigureAsync(string tenantId, string keycloakUrl) => await (await Provider.AdminAsync()).PostAsync(
        $"portal/admin/tenants/{tenantId}/federation", new ConfigureFederationRequest { KeycloakUrl = keycloakUrl }, ContractsJson.Default.ConfigureFederationRequest);
}
