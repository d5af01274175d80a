using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Bridge;

/// <summary>A bridge certificate is renewed in one way: while the JOIN that it came from stands, and it ends with that JOIN.</summary>
public sealed class BridgeLineageTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    public static TheoryData<string> Endpoints => [.. BridgeAttacker.Endpoints];

    [SkippableTheory]
    [MemberData(nameof(Endpoints))]
    public async Task Renew_SuspendedTenant_IsRefused(string endpoint)
    {
        var tenantId = "suspended-" + Name(endpoint);
        using var tenant = new TestTenant();
        var attacker = Attacker(tenantId, tenant, await _provider.ActivateAsync(tenantId, tenant));
        (await (await _provider.AdminAsync()).PostAsync($"portal/admin/tenants/{tenantId}/suspend", new SuspendTenantRequest { Reason = "unpaid" }, ContractsJson.Default.SuspendTenantRequest))
            .Status.ShouldBe(HttpStatusCode.NoContent);

        await RefusedAsync(attacker, endpoint, tenantId);
    }

    [SkippableTheory]
    [MemberData(nameof(Endpoints))]
    public async Task Renew_JoinNotConfirmed_IsRefused(string endpoint)
    {
        var tenantId = "unconfirmed-" + Name(endpoint);
        using var tenant = new TestTenant();
        var attacker = Attacker(tenantId, tenant, await _provider.JoinAsync((await _provider.PrepareAsync(tenantId)).JoinKey, tenant));

        await RefusedAsync(attacker, endpoint, tenantId);
    }

    [SkippableTheory]
    [MemberData(nameof(Endpoints))]
    public async Task Renew_TenantBeingRemoved_IsRefused(string endpoint)
    {
        var tenantId = "removing-" + Name(endpoint);
        using var tenant = new TestTenant();
        var attacker = Attacker(tenantId, tenant, await _provider.ActivateAsync(tenantId, tenant));
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.join_steps", "NEW.step = 'revoke-certificates'"))
        {
            await (await _provider.AdminAsync()).DeleteAsync($"portal/admin/tenants/{tenantId}");
            await RefusedAsync(attacker, endpoint, tenantId, valid: 0);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Endpoints))]
    public async Task Renew_WhileAnotherJoinIsUnderWay_ServesTheConfirmedOneAndEndsWithIt(string endpoint)
    {
        var tenantId = "rejoining-" + Name(endpoint);
        using var old = new TestTenant();
        using var fresh = new TestTenant();
        var attacker = Attacker(tenantId, old, await _provider.ActivateAsync(tenantId, old));
        var key = await _provider.ReplaceKeyAsync(tenantId);
        await _provider.JoinAsync(key, fresh);

        ((int)(await attacker.RenewAsync(endpoint, attacker.Certificates[0])).Status).ShouldBeInRange(200, 201);
        (await _provider.TryConfirmAsync(tenantId, fresh)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.CertificatesAsync(tenantId, "mqtt-bridge", valid: true)).ShouldBe(1);
        foreach (var certificate in attacker.Certificates)
        {
            (await _provider.Anonymous(certificate).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [SkippableFact]
    public async Task TakeBack_JoinWhoseBridgeWasRenewedOnRecord_RevokesTheWholeLineage()
    {
        using var thief = new TestTenant();
        var attacker = Attacker("taken-back", thief, await _provider.ActivateAsync("taken-back", thief));
        await attacker.RenewAsync("bridge", attacker.Certificates[0]);
        await attacker.RenewAsync("1.0/rekey", attacker.Certificates[^1]);
        // As if the JOIN had not been confirmed: what renewed before such rules held.
        await _provider.Database.ExecuteAsync("UPDATE provider.joins SET confirmed_at = NULL WHERE tenant_id = 'taken-back'");
        await _provider.Database.ExecuteAsync("UPDATE provider.tenants SET status = 'joined' WHERE tenant_id = 'taken-back'");

        (await (await _provider.AdminAsync()).PostAsync("portal/admin/tenants/taken-back/join-key")).Status.ShouldBe(HttpStatusCode.OK);

        (await _provider.CertificatesAsync("taken-back", "mqtt-bridge", valid: true)).ShouldBe(0);
        (await _provider.CertificatesAsync("taken-back", "tenant-sub-ca", valid: true)).ShouldBe(0);
        (await _provider.ShowAsync("taken-back")).Status.ShouldBe(TenantStatus.Prepared);
    }

    [SkippableTheory]
    [InlineData("rekey")]
    [InlineData("1.0/rekey")]
    public async Task Rekey_CsrForAnotherName_IsRefused(string endpoint)
    {
        var tenantId = "renaming-" + Name(endpoint);
        using var tenant = new TestTenant();
        var attacker = Attacker(tenantId, tenant, await _provider.ActivateAsync(tenantId, tenant));

        var csr = CertificateSigningRequest.CreatePem(tenant.Bridge, new SubjectNames { CommonName = "globex-mqtt-bridge" });
        (await attacker.RenewAsync(endpoint, attacker.Certificates[0], csr)).Status.ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.Forbidden);
    }

    private BridgeAttacker Attacker(string tenantId, TestTenant tenant, JoinBundle bundle) => new(_provider, tenantId, tenant.WithBridgeKey(bundle.MqttBridgeCert));

    private async Task RefusedAsync(BridgeAttacker attacker, string endpoint, string tenantId, int valid = 1)
    {
        (await attacker.RenewAsync(endpoint, attacker.Certificates[0])).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.Conflict);
        (await _provider.CertificatesAsync(tenantId, "mqtt-bridge", valid: true)).ShouldBe(valid);
    }

    private static string Name(string endpoint) => endpoint.Replace('/', '-').Replace('.', '-');
}
