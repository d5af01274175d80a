using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

/// <summary>A tenant whose bridge certificate was revoked joins again with the Sub-CA key that it has.</summary>
public sealed class RejoinTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Call_WithARevokedBridgeCertificate_IsAnsweredSo()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("told", tenant);
        await RevokeAsync(bundle.MqttBridgeCert);

        (await Caller(tenant, bundle).GetAsync("portal/admin/platform")).ShouldBe(HttpStatusCode.Unauthorized, "certificate_revoked");
        (await _provider.Anonymous().GetAsync("portal/admin/platform")).ShouldBe(HttpStatusCode.Unauthorized, "client_certificate_required");
    }

    [SkippableFact]
    public async Task Join_SameSubCaKeyAndANewBridgeKey_BringsTheTenantBackAndKeepsTheSubCa()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        var old = await _provider.ActivateAsync("back", tenant);
        await RevokeAsync(old.MqttBridgeCert);
        tenant.MakeNewBridgeKey();

        var bundle = await RejoinAsync("back", tenant);

        (await _provider.ShowAsync("back")).SubCaSerials.ShouldBe([RunningProvider.SerialOf(bundle.SignedCert), RunningProvider.SerialOf(old.SignedCert)], ignoreOrder: true);
        (await _provider.CertificatesAsync("back", "mqtt-bridge", valid: true)).ShouldBe(1);
        (await Caller(tenant, bundle).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);
        (await _provider.RotateAsync("back", tenant, next)).Status.ShouldBe(HttpStatusCode.OK, "the lineage that ended is not the one that goes on");
    }

    /// <summary>Rotations are bounded by keys: a tenant that came back often is not kept from them.</summary>
    [SkippableFact]
    public async Task Join_OftenWithTheSameSubCaKey_LeavesRotationOpen()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("often", tenant);
        for (var times = 0; times < 4; times++)
        {
            tenant.MakeNewBridgeKey();
            await RejoinAsync("often", tenant);
        }

        (await _provider.RotateAsync("often", tenant, next)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Revoke_EitherCertificateOfTheKey_RevokesTheKey(bool earlier)
    {
        var tenantId = earlier ? "either-old" : "either-new";
        using var tenant = new TestTenant();
        var old = await _provider.ActivateAsync(tenantId, tenant);
        tenant.MakeNewBridgeKey();
        var bundle = await RejoinAsync(tenantId, tenant);

        await RevokeAsync(earlier ? old.SignedCert : bundle.SignedCert, tenantId);

        (await _provider.ShowAsync(tenantId)).SubCaSerials.ShouldBeEmpty();
        (await Caller(tenant, bundle).GetAsync("portal/admin/platform")).ShouldBe(HttpStatusCode.Forbidden, "sub_ca_revoked");
        (await (await _provider.AdminAsync()).PostAsync($"portal/admin/tenants/{tenantId}/resume")).ShouldBe(HttpStatusCode.Conflict, "sub_ca_revoked");
        tenant.MakeNewBridgeKey();
        (await _provider.TryJoinAsync(await _provider.ReplaceKeyAsync(tenantId), tenant)).ShouldBe(HttpStatusCode.BadRequest, "sub_ca_key_revoked");
    }

    [SkippableFact]
    public async Task Confirm_KeyRevokedBetweenBundleAndConfirmation_IsRefused()
    {
        using var tenant = new TestTenant();
        var old = await _provider.ActivateAsync("between", tenant);
        tenant.MakeNewBridgeKey();
        await _provider.JoinAsync(await _provider.ReplaceKeyAsync("between"), tenant);

        await RevokeAsync(old.SignedCert, "between");

        (await _provider.TryConfirmAsync("between", tenant)).ShouldBe(HttpStatusCode.BadRequest, "sub_ca_key_revoked");
        (await _provider.ShowAsync("between")).Status.ShouldBe(TenantStatus.Joined);
    }

    private async Task<JoinBundle> RejoinAsync(string tenantId, TestTenant tenant)
    {
        var bundle = await _provider.JoinAsync(await _provider.ReplaceKeyAsync(tenantId), tenant);
        (await _provider.TryConfirmAsync(tenantId, tenant)).Status.ShouldBe(HttpStatusCode.NoContent);
        return bundle;
    }

    private ApiCaller Caller(TestTenant tenant, JoinBundle bundle) =>
        _provider.Anonymous(tenant.WithBridgeKey(bundle.MqttBridgeCert), [X509Certificate2.CreateFromPem(bundle.CaChain)]);

    private async Task RevokeAsync(string pem, string? tenantId = null) => (await (await _provider.AdminAsync()).PostAsync(
        $"portal/certificates/{RunningProvider.SerialOf(pem)}/revoke", new RevokeRequest { ReasonCode = 1, TenantId = tenantId }, ContractsJson.Default.RevokeRequest)).Status.ShouldBe(HttpStatusCode.NoContent);
}
