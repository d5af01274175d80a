using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Bridge;

public sealed class RenewBridgeTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Renew_NewKey_SameNamesAndTheNewCertificateGetsIn()
    {
        using var tenant = new TestTenant();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var bundle = await _provider.ActivateAsync("renewing", tenant);

        var renewed = (await RenewAsync("renewing", tenant, bundle, CertificateSigningRequest.CreatePem(key, new SubjectNames()))).Read(ContractsJson.Default.RenewedBridge);

        using var certificate = X509Certificate2.CreateFromPem(renewed.MqttBridgeCert);
        certificate.Subject.ShouldBe("CN=renewing-mqtt-bridge");
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
        using var withKey = certificate.CopyWithPrivateKey(key);
        (await _provider.Anonymous(withKey).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Renew_RevokedBridge_IsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("revoked-bridge", tenant);
        var serial = (await _provider.ShowAsync("revoked-bridge")).BridgeSerial;
        await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{serial}/revoke", """{"reason_code":1}""");

        (await RenewAsync("revoked-bridge", tenant, bundle, tenant.Request().MqttBridgeCsr)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Renew_CsrForAnotherName_IsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("renamed", tenant);
        var csr = CertificateSigningRequest.CreatePem(tenant.Bridge, new SubjectNames { CommonName = "globex-mqtt-bridge" });

        (await RenewAsync("renamed", tenant, bundle, csr)).ShouldBe(HttpStatusCode.BadRequest, "csr_refused");
    }

    [SkippableFact]
    public async Task Renew_KeyOfTheSubCa_IsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("one-key", tenant);

        (await RenewAsync("one-key", tenant, bundle, tenant.SubCa.CreateCsrPem(new SubjectNames()))).ShouldBe(HttpStatusCode.BadRequest, "csr_key_reused");
    }

    [SkippableFact]
    public async Task Renew_WithoutCertificate_IsRefused()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("bare", tenant);
        var request = new RenewBridgeRequest { MqttBridgeCsr = tenant.Request().MqttBridgeCsr };

        (await _provider.Anonymous().PostAsync("portal/admin/tenants/bare/bridge/renew", request, ContractsJson.Default.RenewBridgeRequest)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Reissue_ExpiredBridge_SubCaKeyVouchesForTheSameKey()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("expired-bridge", tenant);
        _provider.Time.Leap(TimeSpan.FromDays(370));

        var reissued = (await ReissueAsync("expired-bridge", tenant, tenant.Bridge)).Read(ContractsJson.Default.RenewedBridge);
        var again = (await ReissueAsync("expired-bridge", tenant, tenant.Bridge)).Read(ContractsJson.Default.RenewedBridge);

        using var certificate = X509Certificate2.CreateFromPem(reissued.MqttBridgeCert);
        certificate.Subject.ShouldBe("CN=expired-bridge-mqtt-bridge");
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(tenant.Bridge.ExportSubjectPublicKeyInfo());
        ParsedCertificate.Parse(certificate.RawData).NotAfter.ShouldBeGreaterThan(_provider.Time.GetUtcNow().AddDays(300));
        again.MqttBridgeCert.ShouldBe(reissued.MqttBridgeCert);
    }

    [SkippableFact]
    public async Task Reissue_BridgeThatIsGood_AnswersItAgain()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("good-bridge", tenant);

        (await ReissueAsync("good-bridge", tenant, tenant.Bridge)).Read(ContractsJson.Default.RenewedBridge).MqttBridgeCert.ShouldBe(bundle.MqttBridgeCert);
    }

    [SkippableFact]
    public async Task Reissue_RevokedBridgeOrAnotherKey_IsRefused()
    {
        using var tenant = new TestTenant();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await _provider.ActivateAsync("no-way-back", tenant);
        (await ReissueAsync("no-way-back", tenant, other)).ShouldBe(HttpStatusCode.Conflict, "bridge_not_renewable");
        var serial = (await _provider.ShowAsync("no-way-back")).BridgeSerial;
        await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{serial}/revoke", """{"reason_code":1}""");

        (await ReissueAsync("no-way-back", tenant, tenant.Bridge)).ShouldBe(HttpStatusCode.Conflict, "bridge_not_renewable");
    }

    [SkippableFact]
    public async Task Reissue_ProofOfAnotherTenantOrForAnotherKey_IsRefused()
    {
        using var tenant = new TestTenant();
        using var thief = new TestTenant();
        await _provider.ActivateAsync("robbed-bridge", tenant);
        await _provider.ActivateAsync("robber", thief);

        (await ReissueAsync("robbed-bridge", thief, tenant.Bridge)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        (await ReissueAsync("robbed-bridge", tenant, tenant.Bridge, named: thief.Bridge)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
    }

    private Task<Answer> ReissueAsync(string tenantId, TestTenant prover, ECDsa key, ECDsa? named = null)
    {
        var path = $"portal/admin/tenants/{tenantId}/bridge/reissue";
        var proof = prover.Proof(tenantId, _provider.At(path), _provider.Time, (named ?? key).ExportSubjectPublicKeyInfo());
        return _provider.Anonymous().PostAsync(
            path, new ReissueBridgeRequest { MqttBridgeCsr = CertificateSigningRequest.CreatePem(key, new SubjectNames()), Proof = proof }, ContractsJson.Default.ReissueBridgeRequest);
    }

    private async Task<Answer> RenewAsync(string tenantId, TestTenant tenant, JoinBundle bundle, string csr)
    {
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        return await _provider.Anonymous(bridge).PostAsync(
            $"portal/admin/tenants/{tenantId}/bridge/renew", new RenewBridgeRequest { MqttBridgeCsr = csr }, ContractsJson.Default.RenewBridgeRequest);
    }
}
