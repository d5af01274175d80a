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
    public async Task Renew_WithoutCertificate_IsRefused()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("bare", tenant);
        var request = new RenewBridgeRequest { MqttBridgeCsr = tenant.Request().MqttBridgeCsr };

        (await _provider.Anonymous().PostAsync("portal/admin/tenants/bare/bridge/renew", request, ContractsJson.Default.RenewBridgeRequest)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private async Task<Answer> RenewAsync(string tenantId, TestTenant tenant, JoinBundle bundle, string csr)
    {
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        return await _provider.Anonymous(bridge).PostAsync(
            $"portal/admin/tenants/{tenantId}/bridge/renew", new RenewBridgeRequest { MqttBridgeCsr = csr }, ContractsJson.Default.RenewBridgeRequest);
    }
}
