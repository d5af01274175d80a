using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki.Tests.Files;

public sealed class PemTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _one;
    private readonly X509Certificate2 _two;

    public PemTests()
    {
        _one = SelfSigned("CN=one");
        _two = SelfSigned("CN=two");
    }

    [Fact]
    public void Certificates_ParseCertificates_KeepsOrderAndBytes()
    {
        var pem = Pem.Certificates([_one, _two]);

        pem.ShouldEndWith("-----END CERTIFICATE-----\n");
        Pem.ParseCertificates(pem).Select(c => c.RawData).ShouldBe([_one.RawData, _two.RawData]);
        Pem.ParseCertificate(Pem.Certificate(_one.RawData)).RawData.ShouldBe(_one.RawData);
    }

    [Fact]
    public void ParseCertificates_ExplanatoryText_IsPassedOver() =>
        Pem.ParseCertificates("subject=one\n" + Pem.Certificate(_one.RawData) + "issuer: two\r\n" + Pem.Certificate(_two.RawData)).Length.ShouldBe(2);

    [Fact]
    public void ParseCertificates_AnythingBroken_IsRefused()
    {
        var pem = Pem.Certificate(_one.RawData);
        var damagedDer = _one.RawData[..^1];
        foreach (var bad in new[]
        {
            "", "text", pem[..^20], pem + pem[..^20], pem + _key.ExportPkcs8PrivateKeyPem(), Pem.Certificate(damagedDer), Pem.Certificate([]),
            pem + "-----BEGIN CERTIFICATE-----\n",
        })
        {
            ((Action)(() => Pem.ParseCertificates(bad))).ShouldBeRefused(PkiError.Malformed);
        }
    }

    [Fact]
    public void ParseCertificate_Two_IsRefused() => ((Action)(() => Pem.ParseCertificate(Pem.Certificates([_one, _two])))).ShouldBeRefused(PkiError.Malformed);

    [Fact]
    public void ParseCertificates_TooLong_IsRefused() => ((Action)(() => Pem.ParseCertificates(new string(' ', Pem.MaxChars + 1)))).ShouldBeRefused(PkiError.TooLarge);

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
        _key.Dispose();
    }

    private X509Certificate2 SelfSigned(string name) =>
        new CertificateRequest(name, _key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
}
