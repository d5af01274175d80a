using System.Security.Cryptography;

namespace IoTPlatform.Pki.Tests.Requests;

/// <summary>
/// Requests as the field's encoders make them (mbedTLS before 2.16, certmonger, PKI.js, certreq): key and names are taken, the key in our own
/// encoding. Data holds each as it was sent.
/// </summary>
public sealed class FieldCsrTests
{
    [Theory]
    [InlineData("bc-cafalse-explicit.csr")]
    [InlineData("crit-false-explicit.csr")]
    [InlineData("ecdsa-sigalg-with-null.csr")]
    [InlineData("extreq-empty-set.csr")]
    [InlineData("ku-nonminimal.csr")]
    [InlineData("rdn-multi-unsorted.csr")]
    [InlineData("rsa-sigalg-absent-null.csr")]
    [InlineData("version-1.csr")]
    [InlineData("version-2.csr")]
    [InlineData("cn-bmp.csr")]
    [InlineData("cn-t61.csr")]
    [InlineData("two-cn.csr")]
    [InlineData("cn-empty-string.csr", null)]
    [InlineData("rsa-pss.csr")]
    [InlineData("san-dirname.csr")]
    [InlineData("san-rid.csr")]
    [InlineData("san-upn.csr")]
    [InlineData("san-upn-only.csr")]
    [InlineData("san-ip4mapped.csr", "dev-1.example", "10.1.2.3")]
    [InlineData("san-srv-like.csr", "dev-1.example", "_mqtt._tcp.example")]
    [InlineData("san-underscore.csr", "my_device_1", "my_device_1")]
    [InlineData("san-uri-opctcp.csr", "dev-1.example", "opc.tcp://plc-1.example:4840/ua")]
    [InlineData("san-uri-urn-short.csr", "dev-1.example", "urn:x")]
    public void ParsePem_AsDevicesSendIt_IsRead(string file, string? commonName = "dev-1.example", string san = "dev-1.example")
    {
        var csr = CertificateSigningRequest.ParsePem(Read(file));

        csr.Names.CommonName.ShouldBe(commonName);
        csr.Names.AllSans.ShouldBeSubsetOf([san]);
        csr.RequestsCa.ShouldBeFalse();
        csr.SubjectPublicKeyInfo.ToArray().ShouldBe(Canonical(csr));
        csr.SubjectPublicKeyInfoSha256.ShouldBe(SHA256.HashData(csr.SubjectPublicKeyInfo.Span));
    }

    [Fact]
    public void ParsePem_TrailingDot_IsRefusedWithTheReason() =>
        ((Action)(() => CertificateSigningRequest.ParsePem(Read("san-trailing-dot.csr")))).ShouldBeRefused(PkiError.NameNotAllowed).Message.ShouldContain("without a dot at the end");

    [Fact]
    public void ParseDer_SeveralCommonNames_TheLastCounts() =>
        CertificateSigningRequest.ParseDer(new RawCsr
        {
            Subject = w =>
            {
                using var _ = w.PushSequence();
                RawCsr.AddCommonName(w, "product line");
                RawCsr.AddCommonName(w, "device-1");
            },
        }.Sign()).Names.CommonName.ShouldBe("device-1");

    [Fact]
    public void ParseDer_NoAttributes_IsRead() => CertificateSigningRequest.ParseDer(new RawCsr { Attributes = null }.Sign()).Names.SanCount.ShouldBe(0);

    /// <summary>Damage never makes anything but a refusal, or the very key that was signed for.</summary>
    [Fact]
    public void ParseDer_DamagedFieldRequests_AreRefusedOrTheSameKey()
    {
        var noise = new Noise("field requests");
        foreach (var file in Directory.EnumerateFiles(Folder, "*.csr").Order(StringComparer.Ordinal))
        {
            var original = PemEncodingDer(File.ReadAllText(file));
            for (var round = 0; round < 300; round++)
            {
                var damaged = Damage(original, noise);
                try
                {
                    var csr = CertificateSigningRequest.ParseDer(damaged);
                    csr.SubjectPublicKeyInfo.ToArray().ShouldBe(CertificateSigningRequest.ParseDer(original).SubjectPublicKeyInfo.ToArray(), file);
                }
                catch (PkiException)
                {
                    // what damage should come to
                }
            }
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Requests", "Data");

    private static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    private static byte[] PemEncodingDer(string pem) => Convert.FromBase64String(string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-'))));

    private static byte[] Damage(byte[] original, Noise noise)
    {
        List<byte> bytes = [.. original];
        for (var i = noise.Next(4) + 1; i > 0; i--)
        {
            var at = noise.Next(bytes.Count);
            switch (noise.Next(4))
            {
                case 0:
                    bytes[at] = (byte)noise.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << noise.Next(8));
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.Insert(at, (byte)noise.Next(256));
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] Canonical(CertificateSigningRequest csr)
    {
        if (csr.Key == KeyKind.Rsa2048OrMore)
        {
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(csr.SubjectPublicKeyInfo.Span, out _);
            return rsa.ExportSubjectPublicKeyInfo();
        }

        using var ec = ECDsa.Create();
        ec.ImportSubjectPublicKeyInfo(csr.SubjectPublicKeyInfo.Span, out _);
        return ec.ExportSubjectPublicKeyInfo();
    }
}
