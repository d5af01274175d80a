using System.Net;
using System.Security.Cryptography;

namespace IoTPlatform.Pki.Tests.Requests;

public sealed class CsrTests
{
    [Theory]
    [InlineData("nistP256", KeyKind.P256)]
    [InlineData("nistP384", KeyKind.P384)]
    [InlineData("nistP521", KeyKind.P521)]
    public void CreatePem_ParsePem_KeepsKeyAndNames(string curve, KeyKind kind)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        var names = new SubjectNames
        {
            CommonName = "Gerät 1",
            Dns = ["a.example.com", "*.b.example.com"],
            Ip = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("2001:db8::1")],
            Uris = ["spiffe://acme.iotplatform.internal/device/1"],
            Emails = ["ops@example.com"],
        };

        var csr = CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, names));

        csr.Key.ShouldBe(kind);
        csr.SubjectPublicKeyInfo.ToArray().ShouldBe(key.ExportSubjectPublicKeyInfo());
        csr.SubjectPublicKeyInfoSha256.ShouldBe(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        csr.Names.HasSameNames(names).ShouldBeTrue();
        csr.RequestsCa.ShouldBeFalse();
    }

    /// <summary>What is stored was verified when it was read: a second verification would refuse this one.</summary>
    [Fact]
    public void FromStore_SignatureSpoiled_IsNotVerifiedAgain()
    {
        var der = new RawCsr().Sign();
        var read = CertificateSigningRequest.ParseDer(der);
        var spoiled = (byte[])der.Clone();
        spoiled[^1] ^= 1;

        Should.Throw<PkiException>(() => CertificateSigningRequest.ParseDer(spoiled)).Error.ShouldBe(PkiError.BadSignature);
        var stored = CertificateSigningRequest.FromStore(spoiled);

        stored.SubjectPublicKeyInfoSha256.ShouldBe(read.SubjectPublicKeyInfoSha256);
        (stored.Key, stored.RequestsCa, stored.Names.HasSameNames(read.Names)).ShouldBe((read.Key, read.RequestsCa, true));
    }

    [Theory]
    [InlineData("nistP256", KeyKind.P256)]
    [InlineData("nistP384", KeyKind.P384)]
    public void Of_OwnKey_IsThatKey(string curve, KeyKind kind)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));

        var own = CertificateSigningRequest.Of(key);

        (own.Key, own.RequestsCa, own.Der.IsEmpty).ShouldBe((kind, false, true));
        own.SubjectPublicKeyInfo.ToArray().ShouldBe(key.ExportSubjectPublicKeyInfo());
        own.SubjectPublicKeyInfoSha256.ShouldBe(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    [Fact]
    public void ParsePem_NewCertificateRequestLabel_IsAccepted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "x" });

        CertificateSigningRequest.ParsePem("\n " + pem.Replace(" CERTIFICATE", " NEW CERTIFICATE", StringComparison.Ordinal) + "\r\n").Names.CommonName.ShouldBe("x");
    }

    [Fact]
    public void ParseDer_LaterChangeOfTheInput_DoesNotReachTheRequest()
    {
        var der = new RawCsr().Sign();
        var csr = CertificateSigningRequest.ParseDer(der);
        var spki = csr.SubjectPublicKeyInfo.ToArray();

        Array.Clear(der);

        csr.SubjectPublicKeyInfo.ToArray().ShouldBe(spki);
        SHA256.HashData(csr.SubjectPublicKeyInfo.Span).ShouldBe(csr.SubjectPublicKeyInfoSha256);
    }

    [Fact]
    public void ParseDer_WithoutCommonName_HasNone() =>
        CertificateSigningRequest.ParseDer(new RawCsr { Subject = w => { using var _ = w.PushSequence(); } }.Sign()).Names.CommonName.ShouldBeNull();

    [Fact]
    public void ParseDer_FurtherSubjectAttributes_AreNotRead()
    {
        using var key = RSA.Create(2048);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("C=DE, O=Acme, OU=IoT, CN=device-1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        var csr = CertificateSigningRequest.ParseDer(request.CreateSigningRequest());

        csr.Key.ShouldBe(KeyKind.Rsa2048OrMore);
        csr.Names.CommonName.ShouldBe("device-1");
    }
}
