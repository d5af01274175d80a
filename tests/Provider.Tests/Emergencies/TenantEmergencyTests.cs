using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Emergencies;

/// <summary>A tenant's Sub-CA or bridge in other hands: one act each, and the way on.</summary>
public sealed class TenantEmergencyTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task SubCa_IsRevokedAndTheBridgeGetsOneForAnotherKey()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("rekeyed", tenant);
        var caller = Bridge(tenant, bundle);
        (await ReissueAsync(caller, "rekeyed", next)).ShouldBe(HttpStatusCode.Forbidden, "rekey_not_allowed");
        var preview = await PreviewAsync("sub-ca", "rekeyed");
        preview.Target.ShouldBe(RunningProvider.SerialOf(bundle.SignedCert));
        (preview.Certificates, preview.Subjects.Single()).ShouldBe((1, "rekeyed Sub-CA"));

        var done = await RunAsync("sub-ca", preview.Target);

        (done.Certificates, done.Revoked).ShouldBe((0, 1));
        done.StillTrusted.ShouldContain(t => t.Who.StartsWith("devices and operators", StringComparison.Ordinal));
        (await _provider.ShowAsync("rekeyed")).SuspendedAt.ShouldBeNull("it goes on by itself");
        (await _provider.RotateAsync("rekeyed", tenant, next)).Status.ShouldNotBe(HttpStatusCode.OK, "the revoked key vouches for nothing");
        (await ReissueAsync(caller, "rekeyed", tenant)).ShouldBe(HttpStatusCode.BadRequest, "sub_ca_key_revoked");

        var first = (await ReissueAsync(caller, "rekeyed", next)).Read(ContractsJson.Default.RotatedSubCa);

        (await ReissueAsync(caller, "rekeyed", next)).Read(ContractsJson.Default.RotatedSubCa).SignedCert.ShouldBe(first.SignedCert, "a lost answer is asked for again");
        using var thief = new TestTenant();
        (await ReissueAsync(caller, "rekeyed", thief)).ShouldBe(HttpStatusCode.Conflict, "idempotency_conflict");
        (await _provider.ShowAsync("rekeyed")).SubCaSerials.ShouldBe([RunningProvider.SerialOf(first.SignedCert)]);
        (await _provider.AuditedAsync("sub_ca.compromised", "rekeyed")).ShouldBe(1);
    }

    /// <summary>It makes its key when it is resumed; but with that one revoked, too, nothing is left to resume.</summary>
    [SkippableFact]
    public async Task SubCa_OfASuspendedTenant_IsResumedAndGetsAnother()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("rekeyed-later", tenant);
        var caller = Bridge(tenant, bundle);
        var admin = await _provider.AdminAsync();
        await admin.PostAsync("portal/admin/tenants/rekeyed-later/suspend", new SuspendTenantRequest { Reason = "an invoice is open" }, ContractsJson.Default.SuspendTenantRequest);
        _provider.Time.Advance(TimeSpan.FromSeconds(1));
        await RunAsync("sub-ca", RunningProvider.SerialOf(bundle.SignedCert));
        (await ReissueAsync(caller, "rekeyed-later", next)).ShouldBe(HttpStatusCode.Forbidden, "sub_ca_revoked");

        (await admin.PostAsync("portal/admin/tenants/rekeyed-later/resume")).Status.ShouldBe(HttpStatusCode.NoContent);

        _provider.Time.Advance(TimeSpan.FromSeconds(1));
        var second = (await ReissueAsync(caller, "rekeyed-later", next)).Read(ContractsJson.Default.RotatedSubCa);
        await admin.PostAsync(
            $"portal/certificates/{RunningProvider.SerialOf(second.SignedCert)}/revoke", new RevokeRequest { ReasonCode = 1, TenantId = "rekeyed-later" }, ContractsJson.Default.RevokeRequest);
        (await admin.PostAsync("portal/admin/tenants/rekeyed-later/resume")).ShouldBe(HttpStatusCode.Conflict, "sub_ca_revoked");
    }

    /// <summary>A repetition whose first answer was lost must not hit the key that the tenant has made since.</summary>
    [SkippableFact]
    public async Task SubCa_AgainAfterTheTenantHasItsNewKey_ChangesNothing()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        using var third = new TestTenant();
        var bundle = await _provider.ActivateAsync("twice-rekeyed", tenant);
        var serial = RunningProvider.SerialOf(bundle.SignedCert);
        var caller = Bridge(tenant, bundle);
        await RunAsync("sub-ca", serial);
        await ReissueAsync(caller, "twice-rekeyed", next);
        _provider.Time.Advance(TimeSpan.FromSeconds(1));

        (await RunAsync("sub-ca", serial)).Certificates.ShouldBe(0);

        (await _provider.ShowAsync("twice-rekeyed")).SubCaSerials.Count.ShouldBe(1);
        (await ReissueAsync(caller, "twice-rekeyed", third)).ShouldBe(HttpStatusCode.Conflict, "idempotency_conflict");
        (await _provider.AuditedAsync("sub_ca.compromised", "twice-rekeyed")).ShouldBe(1);
        (await PostAsync("sub-ca", "twice-rekeyed", new EmergencyRequest())).ShouldBe(HttpStatusCode.NotFound, "certificate_not_found");
    }

    /// <summary>Whoever has the key can let it vouch for one of their own: none of them may be left.</summary>
    [SkippableFact]
    public async Task SubCa_TheKeyHasVouchedForAThiefs_BothEnd()
    {
        using var tenant = new TestTenant();
        using var thief = new TestTenant();
        using var another = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("vouched", tenant);
        (await _provider.RotateAsync("vouched", tenant, thief)).Status.ShouldBe(HttpStatusCode.OK);
        var serial = RunningProvider.SerialOf(bundle.SignedCert);
        (await PreviewAsync("sub-ca", serial)).Certificates.ShouldBe(2);

        var done = await RunAsync("sub-ca", serial);

        (done.Certificates, done.Revoked).ShouldBe((0, 2));
        (await _provider.ShowAsync("vouched")).SubCaSerials.ShouldBeEmpty();
        (await _provider.RotateAsync("vouched", thief, another)).Status.ShouldNotBe(HttpStatusCode.OK);
        var caller = Bridge(tenant, bundle);
        (await ReissueAsync(caller, "vouched", thief)).ShouldBe(HttpStatusCode.BadRequest, "sub_ca_key_revoked");
        (await ReissueAsync(caller, "vouched", next)).Status.ShouldBe(HttpStatusCode.OK);
        (await RunAsync("sub-ca", serial)).Revoked.ShouldBe(2, "again it does nothing");
        (await _provider.ShowAsync("vouched")).SubCaSerials.Count.ShouldBe(1);
    }

    /// <summary>A thief's Sub-CA has retired the tenant's: the act says which one to name, and ends that.</summary>
    [SkippableFact]
    public async Task SubCa_RetiredByTheThiefs_TheThiefsEndsByTheLook()
    {
        using var tenant = new TestTenant();
        using var thief = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("retired-by-thief", tenant);
        (await _provider.RotateAsync("retired-by-thief", tenant, thief)).Status.ShouldBe(HttpStatusCode.OK);
        const string Path = "portal/admin/tenants/retired-by-thief/sub-ca/retire";
        (await _provider.Anonymous().PostAsync(
            Path, new JoinConfirmation { Proof = thief.Proof("retired-by-thief", _provider.At(Path), _provider.Time) }, ContractsJson.Default.JoinConfirmation)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await PostAsync("sub-ca", RunningProvider.SerialOf(bundle.SignedCert), new EmergencyRequest())).ShouldBe(HttpStatusCode.Conflict, "sub_ca_retired");
        await RunAsync("sub-ca", (await PreviewAsync("sub-ca", "retired-by-thief")).Target);

        (await _provider.ShowAsync("retired-by-thief")).SubCaSerials.ShouldBeEmpty();
        (await ReissueAsync(Bridge(tenant, bundle), "retired-by-thief", tenant)).ShouldBe(HttpStatusCode.BadRequest, "sub_ca_key_revoked");
        (await ReissueAsync(Bridge(tenant, bundle), "retired-by-thief", next)).Status.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>As many Sub-CAs as a tenant may have: they must not keep it from its new one.</summary>
    [SkippableFact]
    public async Task SubCa_AThiefHasTakenEveryPlace_TheTenantStillGetsItsNewOne()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        var bundle = await _provider.ActivateAsync("crowded", tenant);
        for (var i = 0; i < 3; i++)
        {
            using var thief = new TestTenant();
            (await _provider.RotateAsync("crowded", tenant, thief)).Status.ShouldBe(HttpStatusCode.OK);
        }

        await RunAsync("sub-ca", RunningProvider.SerialOf(bundle.SignedCert));

        (await ReissueAsync(Bridge(tenant, bundle), "crowded", next)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task SubCa_ForAReasonThatLeavesTheKeyTrusted_IsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("only-old", tenant);

        (await PostAsync("sub-ca", RunningProvider.SerialOf(bundle.SignedCert), new EmergencyRequest { ReasonCode = 4 })).ShouldBe(HttpStatusCode.BadRequest, "reason_code");

        (await _provider.ShowAsync("only-old")).SubCaSerials.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Reissue_OfAnotherTenantsBridge_IsRefused()
    {
        using var tenant = new TestTenant();
        using var other = new TestTenant();
        await _provider.ActivateAsync("mine", tenant);
        var caller = Bridge(other, await _provider.ActivateAsync("theirs", other));

        (await ReissueAsync(caller, "mine", tenant)).ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");
    }

    [SkippableFact]
    public async Task Bridge_IsOutAtOnceAndItsKeyForEver()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("bridge-gone", tenant);
        var caller = Bridge(tenant, bundle);
        (await caller.GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);
        var preview = await PreviewAsync("bridge", "bridge-gone");
        (preview.Certificates, preview.Profiles.Single().Profile).ShouldBe((1, "mqtt-bridge"));

        (await RunAsync("bridge", preview.Target)).Certificates.ShouldBe(0);

        (await caller.GetAsync("portal/admin/platform")).ShouldBe(HttpStatusCode.Unauthorized, "certificate_revoked");
        (await _provider.ShowAsync("bridge-gone")).SubCaSerials.Count.ShouldBe(1);
        var key = await _provider.ReplaceKeyAsync("bridge-gone");
        tenant.MakeNewBridgeKey();
        var again = await _provider.JoinAsync(key, tenant);
        (await _provider.TryConfirmAsync("bridge-gone", tenant)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Bridge(tenant, again).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Intermediate_SaysWhatHangsOnItAndWhatToDo()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("stands-on-it", tenant);

        var preview = await PreviewAsync("intermediate", "now");

        preview.Profiles.Select(p => p.Profile).ShouldBe(["mqtt-bridge", "service", "tenant-sub-ca"], ignoreOrder: true);
        preview.Consequences.ShouldContain(text => text.Contains("IOT_REPLACE_INTERMEDIATE=compromised:", StringComparison.Ordinal));
        (await PostAsync("intermediate", preview.Target, new EmergencyRequest())).ShouldBe(HttpStatusCode.Conflict, "root_key_needed");
    }

    private ApiCaller Bridge(TestTenant tenant, JoinBundle bundle) =>
        _provider.Anonymous(tenant.WithBridgeKey(bundle.MqttBridgeCert), [X509Certificate2.CreateFromPem(bundle.CaChain)]);

    private static Task<Answer> ReissueAsync(ApiCaller caller, string tenantId, TestTenant key) => caller.PostAsync(
        $"portal/admin/tenants/{tenantId}/sub-ca/reissue", new ReissueSubCaRequest { SubCaCsr = key.SubCa.CreateCsrPem(new SubjectNames()) }, ContractsJson.Default.ReissueSubCaRequest);

    private async Task<EmergencyView> PreviewAsync(string kind, string target) =>
        (await (await _provider.AdminAsync()).GetAsync($"portal/emergencies/{kind}/{target}")).Read(ContractsJson.Default.EmergencyView);

    private async Task<EmergencyView> RunAsync(string kind, string target) => (await PostAsync(kind, target, new EmergencyRequest { Reason = "drill" })).Read(ContractsJson.Default.EmergencyView);

    private async Task<Answer> PostAsync(string kind, string target, EmergencyRequest request) =>
        await (await _provider.AdminAsync()).PostAsync($"portal/emergencies/{kind}/{target}", request, ContractsJson.Default.EmergencyRequest);
}
