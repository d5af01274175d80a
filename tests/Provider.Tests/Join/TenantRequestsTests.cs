using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Join;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class TenantRequestsTests : IDisposable
{
    private const string Domain = "iot.example";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Theory]
    [InlineData(null)]
    [InlineData("acme Sub-CA")]
    [InlineData("tenant Sub-CA")]
    public void SubCa_NoNameOrOurs_IsTaken(string? commonName) =>
        TenantRequests.SubCa(Csr(new SubjectNames { CommonName = commonName }), "acme").Key.ShouldBe(KeyKind.P256);

    [Fact]
    public void SubCa_AnotherTenantsName_IsRefused() => SubCaRefused(Csr(new SubjectNames { CommonName = "globex Sub-CA" }));

    [Fact]
    public void SubCa_AsksForDnsName_IsRefused() => SubCaRefused(Csr(new SubjectNames { Dns = ["provider.iot.example"] }));

    [Fact]
    public void SubCa_AsksForIpAddress_IsRefused() => SubCaRefused(Csr(new SubjectNames { Ip = [IPAddress.Parse("192.0.2.7")] }));

    [Fact]
    public void SubCa_AsksForCa_IsTaken() => TenantRequests.SubCa(CaCsr(), "acme").RequestsCa.ShouldBeTrue();

    [Fact]
    public void SubCa_P384_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        SubCaRefused(CertificateSigningRequest.CreatePem(key, new SubjectNames()));
    }

    [Fact]
    public void SubCa_Rsa_IsRefused()
    {
        using var key = RSA.Create(2048);
        SubCaRefused(new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem());
    }

    [Fact]
    public void SubCa_SignatureOfAnotherKey_IsRefused()
    {
        var der = CertificateSigningRequest.ParsePem(Csr(new SubjectNames())).Der.ToArray();
        der[^1] ^= 1;
        SubCaRefused(PemEncoding.WriteString("CERTIFICATE REQUEST", der));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not a csr")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")]
    public void SubCa_NoCsr_IsRefused(string? pem) => SubCaRefused(pem!);

    [Fact]
    public void SubCa_HugeCsr_IsRefused() =>
        SubCaRefused("-----BEGIN CERTIFICATE REQUEST-----\n" + new string('A', 60_000) + "\n-----END CERTIFICATE REQUEST-----\n");

    [Fact]
    public void Bridge_OurNames_IsTaken() =>
        TenantRequests.Bridge(Csr(new SubjectNames { CommonName = "acme-mqtt-bridge", Uris = [SpiffeId.Bridge("acme", Domain)] }), "acme", Domain);

    [Fact]
    public void Bridge_AnotherTenantsName_IsRefused() => BridgeRefused(Csr(new SubjectNames { CommonName = "globex-mqtt-bridge" }));

    [Fact]
    public void Bridge_AnotherTenantsSpiffeId_IsRefused() => BridgeRefused(Csr(new SubjectNames { Uris = [SpiffeId.Bridge("globex", Domain)] }));

    [Fact]
    public void Bridge_AsksForDnsName_IsRefused() => BridgeRefused(Csr(new SubjectNames { Dns = ["provider.iot.example"] }));

    [Fact]
    public void Bridge_AsksForCa_IsRefused() => BridgeRefused(CaCsr());

    [Fact]
    public void RequireDifferentKeys_OneKeyForBoth_IsRefused()
    {
        var csr = CertificateSigningRequest.ParsePem(Csr(new SubjectNames()));

        Should.Throw<ProblemException>(() => TenantRequests.RequireDifferentKeys(csr, csr)).Code.ShouldBe("csr_key_reused");
    }

    public void Dispose() => _key.Dispose();

    private string Csr(SubjectNames names) => CertificateSigningRequest.CreatePem(_key, names);

    private string CaCsr()
    {
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSigningRequestPem();
    }

    private static void SubCaRefused(string pem) => Refused(() => TenantRequests.SubCa(pem, "acme"));

    private static void BridgeRefused(string pem) => Refused(() => TenantRequests.Bridge(pem, "acme", Domain));

    private static void Refused(Action parse)
    {
        var refusal = Should.Throw<ProblemException>(parse);
        refusal.Status.ShouldBe(400);
        refusal.Code.ShouldBe("csr_refused");
    }
}
