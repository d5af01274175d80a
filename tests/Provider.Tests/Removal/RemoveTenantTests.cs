using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Removal;

public sealed class RemoveTenantTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Remove_ActiveTenant_UndoesEverythingJoinMade()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("gone", tenant);

        (await RemoveAsync("gone")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await (await _provider.AdminAsync()).GetAsync("portal/admin/tenants/gone")).ShouldBe(HttpStatusCode.NotFound, "tenant_not_found");
        (await _provider.CertificatesAsync("gone", "tenant-sub-ca", valid: true)).ShouldBe(0);
        (await _provider.CertificatesAsync("gone", "mqtt-bridge", valid: true)).ShouldBe(0);
        foreach (var left in new[] { "tenants", "joins", "join_keys", "join_steps", "broker_namespaces", "federation_secrets" })
        {
            (await _provider.Database.ScalarAsync<long>($"SELECT count(*) FROM provider.{left} WHERE tenant_id = 'gone'")).ShouldBe(0, left);
        }

        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.broker_logins WHERE name = 'gone-mqtt-bridge'")).ShouldBe(0);
        (await _provider.AuditedAsync("tenant.removing", "gone")).ShouldBe(1);
        (await _provider.AuditedAsync("tenant.removed", "gone")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Show_OfARemovedTenant_SaysThatItWasRemoved()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("remembered", tenant);
        await RemoveAsync("remembered");

        await Eventually.ShouldAsync(async () =>
        {
            _provider.Time.Advance(TimeSpan.FromSeconds(1));
            return (await (await _provider.AdminAsync()).GetAsync("portal/admin/tenants/remembered")).Body.Contains("was removed on", StringComparison.Ordinal);
        });

        (await (await _provider.AdminAsync()).GetAsync("portal/admin/tenants/never-there")).Body.ShouldContain("There is no tenant never-there.");
    }

    [SkippableFact]
    public async Task Remove_ThenPrepareAgain_SameKeysJoinWithNewCertificates()
    {
        using var tenant = new TestTenant();
        var before = await _provider.ActivateAsync("reused", tenant);
        await RemoveAsync("reused");

        var after = await _provider.ActivateAsync("reused", tenant);

        after.SignedCert.ShouldNotBe(before.SignedCert);
        after.CdmIdpClientSecret.ShouldNotBe(before.CdmIdpClientSecret);
        (await _provider.CertificatesAsync("reused", "tenant-sub-ca", valid: true)).ShouldBe(1);
        (await _provider.ShowAsync("reused")).SubCaSerials.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Remove_BridgeCertificateOfTheRemovedTenant_NoLongerGetsIn()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("locked-out", tenant);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        (await _provider.Anonymous(bridge).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);

        await RemoveAsync("locked-out");

        (await _provider.Anonymous(bridge).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Remove_PreparedTenant_EndsItsKey()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("never-joined");

        (await RemoveAsync("never-joined")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.TryJoinAsync(prepared.JoinKey, tenant)).ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");
    }

    [SkippableFact]
    public async Task Remove_UnknownTenant_IsNotFound() => (await RemoveAsync("nobody")).ShouldBe(HttpStatusCode.NotFound, "tenant_not_found");

    [SkippableTheory]
    [InlineData("revoke-certificates")]
    [InlineData("remove-broker")]
    [InlineData("remove-federation")]
    public async Task Remove_StepDoneButNotRecorded_RetryCompletes(string step)
    {
        using var tenant = new TestTenant();
        var tenantId = "cut-" + step;
        await _provider.ActivateAsync(tenantId, tenant);
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.join_steps", $"NEW.step = '{step}' AND NEW.completed_at IS NOT NULL"))
        {
            (await RemoveAsync(tenantId)).ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");
        }

        (await _provider.ShowAsync(tenantId)).Status.ShouldBe(TenantStatus.Removing);

        (await RemoveAsync(tenantId)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.AuditedAsync("tenant.removing", tenantId)).ShouldBe(1);
        (await _provider.AuditedAsync("tenant.removed", tenantId)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task ReplaceKey_WhileRemoving_IsRefused()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("removing", tenant);
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.join_steps", "NEW.step = 'remove-broker'"))
        {
            await RemoveAsync("removing");
            (await (await _provider.AdminAsync()).PostAsync("portal/admin/tenants/removing/join-key")).ShouldBe(HttpStatusCode.Conflict, "tenant_removing");
            (await _provider.TryPrepareAsync("removing")).ShouldBe(HttpStatusCode.Conflict, "tenant_exists");
        }

        await RemoveAsync("removing");
    }

    private async Task<Answer> RemoveAsync(string tenantId) => await (await _provider.AdminAsync()).DeleteAsync($"portal/admin/tenants/{tenantId}");
}
