using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests.Issuing;

public sealed class ParsedCertificateTests : IDisposable
{
    private readonly Hierarchy _pki = new();

    [Fact]
    public void Parse_Certificate_ReturnsItsFields()
    {
        var names = SubjectNames.FromSans("x.acme.example", ["x.acme.example", "10.0.0.1", "2001:db8::1", "a@acme.example", "spiffe://acme.iotplatform.internal/x"]);
        var template = _pki.Template(Profiles.Leaf, names) with { StepProvisioner = new StepProvisionerExtension(1, "iot-bridge", "kid-1") };
        var issued = Hierarchy.Issue(_pki.Acme, template);
        using var bcl = Hierarchy.Load(issued);

        var parsed = ParsedCertificate.Parse(issued.Der);

        parsed.SerialNumber.ToArray().ShouldBe(bcl.SerialNumberBytes.ToArray());
        parsed.Subject.ToArray().ShouldBe(bcl.SubjectName.RawData);
        parsed.Issuer.ToArray().ShouldBe(bcl.IssuerName.RawData);
        parsed.NotBefore.UtcDateTime.ShouldBe(bcl.NotBefore.ToUniversalTime());
        parsed.NotAfter.UtcDateTime.ShouldBe(bcl.NotAfter.ToUniversalTime());
        parsed.SubjectPublicKeyInfo.ToArray().ShouldBe(bcl.PublicKey.ExportSubjectPublicKeyInfo());
        parsed.Names.HasSameNames(names).ShouldBeTrue();
        parsed.IsCa.ShouldBeFalse();
        parsed.KeyUsages.ShouldBe(bcl.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        parsed.ExtendedKeyUsages.ShouldBe([Oids.ServerAuth, Oids.ClientAuth]);
        Convert.ToHexString(parsed.SubjectKeyIdentifier!.Value.Span).ShouldBe(bcl.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier);
        parsed.AuthorityKeyIdentifier!.Value.ToArray().ShouldBe(bcl.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray());
        parsed.StepProvisioner.ShouldBe(template.StepProvisioner);
        SubjectNames.FromCertificate(bcl).HasSameNames(names).ShouldBeTrue();
        NameConstraints.FromCertificate(bcl).ShouldBeNull();
    }

    [Fact]
    public void Parse_SubCa_ReturnsConstraints()
    {
        var parsed = ParsedCertificate.Parse(_pki.Acme.Certificate.RawData);

        parsed.IsCa.ShouldBeTrue();
        parsed.PathLength.ShouldBe(0);
        parsed.KeyUsages.ShouldBe(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign);
        parsed.NameConstraints!.PermittedUriDomains.ShouldBe(["acme.iotplatform.internal"]);
        NameConstraints.FromCertificate(_pki.Acme.Certificate)!.ExcludedDns.ShouldContain("provider.example");
    }

    [Theory]
    [InlineData(X509KeyUsageFlags.DecipherOnly)]
    [InlineData(X509KeyUsageFlags.EncipherOnly | X509KeyUsageFlags.KeyAgreement)]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.DecipherOnly)]
    [InlineData(X509KeyUsageFlags.NonRepudiation | X509KeyUsageFlags.DataEncipherment)]
    public void Parse_AnyKeyUsage_IsAsTheBclReadsIt(X509KeyUsageFlags usages)
    {
        using var certificate = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "x" }, r => r.CertificateExtensions.Add(new X509KeyUsageExtension(usages, critical: true)));
        ParsedCertificate.Parse(certificate.RawData).KeyUsages.ShouldBe(usages);
    }

    [Fact]
    public void Parse_EveryPrefix_IsRefused()
    {
        foreach (var der in new[] { _pki.Acme.Certificate.RawData, Device() })
        {
            for (var length = 0; length < der.Length; length++)
            {
                var prefix = der[..length];
                ((Action)(() => ParsedCertificate.Parse(prefix))).ShouldBeRefused(PkiError.Malformed);
            }
        }
    }

    /// <summary>Parsing may take a flipped bit (a name, a key); then the signature no longer holds. Nothing else is thrown.</summary>
    [Fact]
    public void Parse_EverySingleBitFlip_IsRefusedOrNoLongerSigned()
    {
        foreach (var (der, issuer) in new[] { (_pki.Acme.Certificate.RawData, _pki.Intermediate.Issuer), (Device(), _pki.Acme.Issuer) })
        {
            for (var bit = 0; bit < der.Length * 8; bit++)
            {
                var damaged = (byte[])der.Clone();
                damaged[bit / 8] ^= (byte)(1 << (bit % 8));
                try
                {
                    issuer.HasSigned(ParsedCertificate.Parse(damaged)).ShouldBeFalse($"bit {bit}");
                    CertificateLint.Check(damaged, Profiles.Device, issuer);
                }
                catch (PkiException)
                {
                }
            }
        }
    }

    [Fact]
    public void Parse_WeakSignatureHash_IsRefused()
    {
        var der = Device();
        var sha1 = Replace(der, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02], [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x01]);
        ((Action)(() => ParsedCertificate.Parse(sha1))).ShouldBeRefused(PkiError.WeakHash);
    }

    [Fact]
    public void Parse_TwoDifferentSignatureAlgorithms_AreRefused()
    {
        var der = Device();
        var at = der.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]);
        der[at + 7] = 3;
        ((Action)(() => ParsedCertificate.Parse(der))).ShouldBeRefused(PkiError.Malformed);
    }

    /// <summary>RFC 5280 4.1.2.5: a date before 2050 as GeneralizedTime.</summary>
    [Fact]
    public void Parse_GeneralizedTimeBefore2050_IsRefused()
    {
        using var pki = new Hierarchy(new DateTimeOffset(2049, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var der = Hierarchy.Issue(pki.Acme, pki.Template(Profiles.Service, SubjectNames.FromSans("x.acme.example", ["x.acme.example"]))).Der.ToArray();
        var early = Replace(der, "20500601000000Z"u8, "20490601000000Z"u8);
        ((Action)(() => ParsedCertificate.Parse(early))).ShouldBeRefused(PkiError.Malformed);
    }

    [Fact]
    public void Parse_TooLarge_IsRefused() => ((Action)(() => ParsedCertificate.Parse(new byte[40000]))).ShouldBeRefused(PkiError.TooLarge);

    [Fact]
    public void Parse_DoubleExtension_IsRefused()
    {
        // The BCL refuses to build it, so another extension's OID is turned into the one of the key usage.
        var der = Replace(Device(), [0x06, 0x03, 0x55, 0x1D, 0x25], [0x06, 0x03, 0x55, 0x1D, 0x0F]);
        ((Action)(() => ParsedCertificate.Parse(der))).ShouldBeRefused(PkiError.Malformed);
    }

    [Fact]
    public void HasSigned_RsaIssuer_IsVerified()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=Manufacturer CA", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(_pki.Now, _pki.Now.AddDays(1));
        var parsed = ParsedCertificate.Parse(certificate.RawData);

        IssuerInfo.FromCertificate(certificate).HasSigned(parsed).ShouldBeTrue();
        var damaged = certificate.RawData;
        damaged[^1] ^= 1;
        IssuerInfo.FromCertificate(certificate).HasSigned(ParsedCertificate.Parse(damaged)).ShouldBeFalse();
    }

    public void Dispose() => _pki.Dispose();

    private byte[] Device() => Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Device, Hierarchy.DeviceNames())).Der.ToArray();

    private static byte[] Replace(byte[] der, ReadOnlySpan<byte> old, ReadOnlySpan<byte> replacement)
    {
        var result = (byte[])der.Clone();
        var changed = 0;
        for (var at = result.AsSpan().IndexOf(old); at >= 0; at = result.AsSpan().IndexOf(old), changed++)
        {
            replacement.CopyTo(result.AsSpan(at));
        }

        changed.ShouldBeGreaterThan(0);
        return result;
    }
}
