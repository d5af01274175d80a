using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Certificates;

/// <summary>Revoking a CA certificate is refused, or it does all that follows from it.</summary>
public sealed class SubCaRevocationTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableTheory]
    [InlineData("root")]
    [InlineData("intermediate")]
    public async Task Revoke_RootOrIntermediate_IsRefusedWithWhatToDo(string profile)
    {
        var serial = await _provider.Database.ScalarAsync<byte[]>("SELECT serial FROM ca.certificates WHERE profile = $1", profile);

        var answer = await RevokeAsync(SerialNumber.ToDecimal(serial), tenantId: null);

        answer.ShouldBe(HttpStatusCode.Conflict, "ca_not_revocable");
        answer.Body.ShouldContain(profile == "root" ? "empty data folder" : "iot ca emergency intermediate");
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations WHERE serial = $1", serial)).ShouldBe(0);
    }

    [SkippableTheory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("another")]
    public async Task Revoke_SubCaWithoutItsTenantsName_ChangesNothing(string? name)
    {
        using var tenant = new TestTenant();
        var id = $"unnamed-{name?.Length ?? 9}";
        var serial = RunningProvider.SerialOf((await _provider.ActivateAsync(id, tenant)).SignedCert);

        var answer = await RevokeAsync(serial, name);

        answer.ShouldBe(HttpStatusCode.Conflict, "confirmation_required");
        answer.Body.ShouldContain(id);
        (await _provider.ShowAsync(id)).SuspendedAt.ShouldBeNull();
        (await _provider.CertificatesAsync(id, "tenant-sub-ca", valid: true)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Hold_SubCa_IsRefusedWithWhatToDoInstead()
    {
        using var tenant = new TestTenant();
        var serial = RunningProvider.SerialOf((await _provider.ActivateAsync("not-held", tenant)).SignedCert);

        var answer = await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{serial}/hold", "{}");

        answer.ShouldBe(HttpStatusCode.Conflict, "ca_not_held");
        answer.Body.ShouldContain("iot tenants suspend");
        (await _provider.ShowAsync("not-held")).SuspendedAt.ShouldBeNull();
    }

    [SkippableFact]
    public async Task Revoke_SubCa_SuspendsItsTenantAtEveryEndpoint()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("stolen", tenant);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        var caller = _provider.Anonymous(bridge, [X509Certificate2.CreateFromPem(bundle.CaChain)]);
        (await caller.GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);

        (await RevokeAsync(RunningProvider.SerialOf(bundle.SignedCert), "stolen", "machine stolen")).Status.ShouldBe(HttpStatusCode.NoContent);

        var shown = await _provider.ShowAsync("stolen");
        shown.SuspendedAt.ShouldNotBeNull();
        shown.SuspendedReason.ShouldBe($"Sub-CA {HexOf(bundle.SignedCert)} revoked: machine stolen");
        shown.SubCaSerials.ShouldBeEmpty();
        (await _provider.Services.GetRequiredService<IBrokerProvisioner>().InspectAsync("stolen", default)).ShouldNotBeNull().Suspended.ShouldBeTrue();
        (await _provider.AuditedAsync("tenant.suspended", "stolen")).ShouldBe(1);
        foreach (var answer in new[]
        {
            await caller.GetAsync("portal/admin/platform"),
            await caller.GetAsync("portal/admin/tenants/stolen/federation"),
            await caller.PostAsync("portal/admin/tenants/stolen/bridge/renew", new RenewBridgeRequest { MqttBridgeCsr = tenant.Request().MqttBridgeCsr }, ContractsJson.Default.RenewBridgeRequest),
            await _provider.RotateAsync("stolen", tenant, next),
        })
        {
            answer.ShouldBe(HttpStatusCode.Forbidden, "sub_ca_revoked");
        }

        var list = (await (await _provider.AdminAsync()).GetAsync("portal/admin/tenants")).Read(ContractsJson.Default.PageTenantSummary);
        list.Items.Single(t => t.TenantId == "stolen").SuspendedReason!.ShouldStartWith("Sub-CA ");
    }

    [SkippableFact]
    public async Task Resume_WithoutAValidSubCa_IsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("no-way-back", tenant);
        await RevokeAsync(RunningProvider.SerialOf(bundle.SignedCert), "no-way-back");

        (await (await _provider.AdminAsync()).PostAsync("portal/admin/tenants/no-way-back/resume")).ShouldBe(HttpStatusCode.Conflict, "sub_ca_revoked");

        (await _provider.ShowAsync("no-way-back")).SuspendedAt.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Revoke_OldSubCaAfterARotation_SuspendsUntilResumed()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("rotated-away", tenant);
        (await _provider.RotateAsync("rotated-away", tenant, next)).Status.ShouldBe(HttpStatusCode.OK);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        var caller = _provider.Anonymous(bridge, [X509Certificate2.CreateFromPem(bundle.CaChain)]);

        await RevokeAsync(RunningProvider.SerialOf(bundle.SignedCert), "rotated-away");

        (await caller.GetAsync("portal/admin/platform")).ShouldBe(HttpStatusCode.Forbidden, "tenant_suspended");
        (await (await _provider.AdminAsync()).PostAsync("portal/admin/tenants/rotated-away/resume")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await caller.GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Revoke_SubCaTwice_IsAlreadyRevokedAndSuspendsOnce()
    {
        using var tenant = new TestTenant();
        var serial = RunningProvider.SerialOf((await _provider.ActivateAsync("twice", tenant)).SignedCert);

        (await RevokeAsync(serial, "twice")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await RevokeAsync(serial, "twice")).ShouldBe(HttpStatusCode.Conflict, "already_revoked");

        (await _provider.AuditedAsync("tenant.suspended", "twice")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_WithTheKeyOfARevokedSubCa_IsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("same-key", tenant);
        await RevokeAsync(RunningProvider.SerialOf(bundle.SignedCert), "same-key");
        var key = await _provider.ReplaceKeyAsync("same-key");

        (await _provider.TryJoinAsync(key, tenant)).ShouldBe(HttpStatusCode.BadRequest, "sub_ca_key_revoked");
    }

    private async Task<Answer> RevokeAsync(string serial, string? tenantId, string? reason = null) =>
        await (await _provider.AdminAsync()).PostAsync(
            $"portal/certificates/{serial}/revoke", new RevokeRequest { ReasonCode = 1, Reason = reason, TenantId = tenantId }, ContractsJson.Default.RevokeRequest);

    private static string HexOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return SerialNumber.ToHex(certificate.SerialNumberBytes.Span);
    }
}
