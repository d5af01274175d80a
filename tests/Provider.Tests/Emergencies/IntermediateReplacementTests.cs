using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Emergencies;

/// <summary>Another Intermediate CA in the place of the one before: what tenants hold still speaks for them, and is signed again for the same keys.</summary>
public sealed class IntermediateReplacementTests
{
    [SkippableFact]
    public async Task Start_WithTheSetting_SubCaAndBridgeAreSignedAgainForTheSameKeys()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var tenant = new TestTenant();
        using var other = new TestTenant();
        var bundle = await provider.ActivateAsync("acme", tenant);
        var former = provider.Authority.Issuers.Active.Certificate;
        await provider.StopAsync();
        provider.Settings[IntermediateReplacement.Setting] = $"compromised:{former.SerialNumber}";

        await provider.StartAgainAsync();

        var intermediate = provider.Authority.Issuers.Active.Certificate;
        intermediate.RawData.ShouldNotBe(former.RawData);
        var caller = provider.Anonymous(tenant.WithBridgeKey(bundle.MqttBridgeCert), [X509Certificate2.CreateFromPem(bundle.CaChain)]);
        var platform = (await caller.GetAsync("portal/admin/platform")).Read(ContractsJson.Default.PlatformView);
        platform.IntermediateKeyId.ShouldBe(Convert.ToHexStringLower(IssuerInfo.FromCertificate(intermediate).SubjectKeyIdentifier.Span));

        var reissued = (await caller.PostAsync("portal/admin/tenants/acme/sub-ca/reissue", Request(tenant), ContractsJson.Default.ReissueSubCaRequest)).Read(ContractsJson.Default.RotatedSubCa);

        using var subCa = X509Certificate2.CreateFromPem(reissued.SignedCert);
        subCa.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(tenant.SubCa.SubjectPublicKeyInfo);
        ChainVerifier.Verify(subCa, Pem.ParseCertificates(reissued.CaChain), [provider.Root], CertificatePurpose.CertificateAuthority, provider.Time.GetUtcNow()).IsValid.ShouldBeTrue();
        Pem.ParseCertificates(reissued.CaChain)[0].RawData.ShouldBe(intermediate.RawData);
        (await caller.PostAsync("portal/admin/tenants/acme/sub-ca/reissue", Request(tenant), ContractsJson.Default.ReissueSubCaRequest))
            .Read(ContractsJson.Default.RotatedSubCa).SignedCert.ShouldBe(reissued.SignedCert, "a lost answer is asked for again");
        (await caller.PostAsync("portal/admin/tenants/acme/sub-ca/reissue", Request(other), ContractsJson.Default.ReissueSubCaRequest)).ShouldBe(HttpStatusCode.Forbidden, "rekey_not_allowed");

        var renewed = (await caller.PostAsync("portal/admin/tenants/acme/bridge/renew", new RenewBridgeRequest { MqttBridgeCsr = tenant.Request().MqttBridgeCsr }, ContractsJson.Default.RenewBridgeRequest))
            .Read(ContractsJson.Default.RenewedBridge);
        using var bridge = X509Certificate2.CreateFromPem(renewed.MqttBridgeCert);
        ParsedCertificate.Parse(bridge.RawData).AuthorityKeyIdentifier!.Value.Span.SequenceEqual(IssuerInfo.FromCertificate(intermediate).SubjectKeyIdentifier.Span).ShouldBeTrue();
        (await provider.Anonymous(tenant.WithBridgeKey(renewed.MqttBridgeCert), [intermediate]).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData("compromised")]
    [InlineData("lost:17")]
    [InlineData("compromised:no serial")]
    public async Task Start_SettingThatIsNone_IsRefused(string value)
    {
        await using var provider = await RunningProvider.StartAsync();
        await provider.StopAsync();

        (await provider.RefusalAsync((IntermediateReplacement.Setting, value))).ShouldContain("compromised:SERIAL");

        await provider.StartAgainAsync();
    }

    private static ReissueSubCaRequest Request(TestTenant tenant) => new() { SubCaCsr = tenant.SubCa.CreateCsrPem(new SubjectNames()) };
}
