using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests.Issuing;

/// <summary>Certificates a signer without lint could make; each has to show up under its code.</summary>
public sealed class CertificateLintTests : IDisposable
{
    private static readonly SubjectNames Names = SubjectNames.FromSans("x.acme.example", ["x.acme.example"]);

    private readonly Hierarchy _pki = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void Check_WhatWeIssue_HasNoFinding()
    {
        CertificateLint.Check(Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Leaf, Names)).Der, Profiles.Leaf, _pki.Acme.Issuer).ShouldBeEmpty();
        CertificateLint.Check(_pki.Acme.Certificate.RawData, Profiles.TenantSubCa, _pki.Intermediate.Issuer).ShouldBeEmpty();
        CertificateLint.Check(_pki.Intermediate.Certificate.RawData, Profiles.Intermediate, _pki.Root.Issuer).ShouldBeEmpty();
    }

    [Fact]
    public void Check_EveryOtherProfile_HasFindings()
    {
        var der = Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Device, Hierarchy.DeviceNames())).Der;
        foreach (var profile in Profiles.All)
        {
            (CertificateLint.Check(der, profile, _pki.Acme.Issuer).Count > 0).ShouldBe(profile != Profiles.Device, profile.Name);
        }
    }

    [Fact]
    public void Check_NotACertificate_IsMalformed() => Codes([0x30, 0x00]).ShouldBe(["malformed"]);

    [Fact]
    public void Check_CaFlagOnALeaf() =>
        Codes(r => { Good(r); r.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true)); }).ShouldBe(["ca_flag", "unexpected_extension"]);

    [Fact]
    public void Check_BasicConstraintsFalseOnALeaf() =>
        Codes(r => { Good(r); r.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true)); }).ShouldBe(["unexpected_extension"]);

    [Theory]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign)]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment)]
    [InlineData(X509KeyUsageFlags.NonRepudiation)]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.DecipherOnly)]
    public void Check_OtherKeyUsage(X509KeyUsageFlags usages) => Codes(r => { Frame(r); KeyUsage(r, usages); Eku(r, Oids.ServerAuth, Oids.ClientAuth); }).ShouldBe(["key_usage_mismatch"]);

    /// <summary>A profile that a template has made is no excuse.</summary>
    [Fact]
    public void Check_LeafProfileWithAnAuthoritysUsages()
    {
        var profile = Profiles.Leaf with { KeyUsages = X509KeyUsageFlags.KeyCertSign, ExtendedKeyUsages = [Oids.OcspSigning, Oids.AnyExtendedKeyUsage] };
        var leaf = Make(r => { Frame(r); KeyUsage(r, X509KeyUsageFlags.KeyCertSign); Eku(r, Oids.OcspSigning, Oids.AnyExtendedKeyUsage); });

        CodesOf(CertificateLint.Check(leaf.RawData, profile, _pki.Acme.Issuer)).ShouldBe(["ca_key_usage", "ocsp_signing", "any_eku"]);
    }

    [Fact]
    public void Check_NoKeyUsage() => Codes(r => { Frame(r); Eku(r, Oids.ServerAuth, Oids.ClientAuth); }).ShouldBe(["key_usage_mismatch"]);

    [Theory]
    [InlineData(Oids.ClientAuth)]
    [InlineData(Oids.ServerAuth, Oids.ClientAuth, "1.3.6.1.5.5.7.3.9")]
    [InlineData("2.5.29.37.0")]
    public void Check_OtherExtendedKeyUsage(params string[] usages) =>
        Codes(r => { Frame(r); KeyUsage(r, X509KeyUsageFlags.DigitalSignature); Eku(r, usages); }).ShouldBe(["eku_mismatch"]);

    [Fact]
    public void Check_NoExtendedKeyUsage() => Codes(r => { Frame(r); KeyUsage(r, X509KeyUsageFlags.DigitalSignature); }).ShouldBe(["eku_mismatch"]);

    [Fact]
    public void Check_NoKeyIdentifiers() =>
        Codes(r => { San(r); KeyUsage(r, X509KeyUsageFlags.DigitalSignature); Eku(r, Oids.ServerAuth, Oids.ClientAuth); }).ShouldBe(["subject_key_identifier", "authority_key_identifier"], ignoreOrder: true);

    [Fact]
    public void Check_CriticalityWrong() =>
        Codes(r => { San(r); Identifiers(r); r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: false)); Eku(r, Oids.ServerAuth, Oids.ClientAuth); })
            .ShouldBe(["criticality"]);

    [Fact]
    public void Check_UnknownExtension() =>
        Codes(r => { Good(r); r.CertificateExtensions.Add(new X509Extension("1.2.3.4", [0x05, 0x00], critical: false)); }).ShouldBe(["unexpected_extension"]);

    [Fact]
    public void Check_NameConstraintsOnALeaf() =>
        Codes(r => { Good(r); r.CertificateExtensions.Add(new X509Extension("2.5.29.30", _pki.Acme.Issuer.NameConstraints!.Encode(), critical: true)); }).ShouldBe(["name_constraints"]);

    [Fact]
    public void Check_Lifetime()
    {
        Codes(Good, notAfter: _pki.Now.AddHours(24).AddSeconds(1)).ShouldBe(["lifetime_too_long"]);
        Codes(Good, notAfter: _pki.Acme.Issuer.NotAfter.AddSeconds(1)).ShouldBe(["lifetime_too_long", "outlives_issuer"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("01")]
    [InlineData("7FFFFFFFFFFFFF")]
    public void Check_PredictableSerialNumber(string hex) => Codes(Good, serial: Convert.FromHexString(hex)).ShouldBe(["serial_number"]);

    [Fact]
    public void Check_OtherIssuer() =>
        CertificateLint.Check(Make(Good).RawData, Profiles.Leaf, _pki.Globex.Issuer).Select(f => f.Code).ShouldBe(["issuer_name", "authority_key_identifier"], ignoreOrder: true);

    [Fact]
    public void Check_WeakKey()
    {
        using var rsa = RSA.Create(1024);
        var request = new CertificateRequest("CN=x.acme.example", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Good(request);
        using var certificate = request.Create(_pki.Acme.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_pki.AcmeKey), _pki.Now, _pki.Now.AddHours(1), Pki.SerialNumber.Create(DateTimeOffset.UnixEpoch));
        CertificateLint.Check(certificate.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldBe(["weak_key"]);
    }

    [Fact]
    public void Check_KeyKindOffTheProfile()
    {
        var der = Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Leaf, Names, KeyKind.P384)).Der;
        CertificateLint.Check(der, Profiles.Leaf with { Keys = [KeyKind.P256] }, _pki.Acme.Issuer).Select(f => f.Code).ShouldBe(["key_kind"]);
    }

    [Theory]
    [InlineData("O=Acme, CN=x.acme.example", "subject_attributes")]
    [InlineData("CN=vhost:user", "name_form")]
    [InlineData("CN=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg", "name_form")]
    public void Check_Subject(string subject, string code)
    {
        var request = new CertificateRequest(new X500DistinguishedName(subject), _key, HashAlgorithmName.SHA256);
        Good(request);
        using var certificate = Finish(request);
        CertificateLint.Check(certificate.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldBe([code]);
    }

    [Fact]
    public void Check_ControlCharacterInTheCommonName()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        DistinguishedName.Write(writer, "a\u0007b");
        var request = new CertificateRequest(new X500DistinguishedName(writer.Encode()), _key, HashAlgorithmName.SHA256);
        Good(request);
        using var certificate = Finish(request);
        CertificateLint.Check(certificate.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldBe(["name_form"]);
    }

    [Fact]
    public void Check_OtherNameKind()
    {
        byte[] registeredId = [0x30, 0x05, 0x88, 0x03, 0x2A, 0x03, 0x04];
        Codes(r =>
        {
            Identifiers(r);
            KeyUsage(r, X509KeyUsageFlags.DigitalSignature);
            Eku(r, Oids.ServerAuth, Oids.ClientAuth);
            r.CertificateExtensions.Add(new X509Extension("2.5.29.17", registeredId, critical: false));
        }).ShouldBe(["other_name"]);
    }

    [Fact]
    public void Check_NameTheIssuerMayNotCertify() =>
        Codes(HostileTenant.Sign(_pki, SubjectNames.FromSans("x", ["iot.provider.example"])).RawData).ShouldContain("issuer_name_constraints");

    [Fact]
    public void Check_Sha384UnderAP256Issuer()
    {
        var request = new CertificateRequest("CN=x.acme.example", _key, HashAlgorithmName.SHA384);
        Good(request);
        using var certificate = Finish(request);
        CertificateLint.Check(certificate.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldBe(["signature_algorithm"]);
    }

    public void Dispose()
    {
        _pki.Dispose();
        _key.Dispose();
    }

    private static string[] CodesOf(IReadOnlyList<LintFinding> findings) => [.. findings.Select(f => f.Code)];

    private string[] Codes(byte[] der) => CodesOf(CertificateLint.Check(der, Profiles.Leaf, _pki.Acme.Issuer));

    private string[] Codes(Action<CertificateRequest> change, DateTimeOffset? notAfter = null, byte[]? serial = null) => Codes(Make(change, notAfter, serial).RawData);

    private X509Certificate2 Make(Action<CertificateRequest> change, DateTimeOffset? notAfter = null, byte[]? serial = null)
    {
        var request = new CertificateRequest("CN=x.acme.example", _key, HashAlgorithmName.SHA256);
        change(request);
        return Finish(request, notAfter, serial);
    }

    private X509Certificate2 Finish(CertificateRequest request, DateTimeOffset? notAfter = null, byte[]? serial = null) => request.Create(
        _pki.Acme.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_pki.AcmeKey), _pki.Now.AddMinutes(-1), notAfter ?? _pki.Now.AddHours(24),
        serial ?? Pki.SerialNumber.Create(DateTimeOffset.UnixEpoch));

    private void Good(CertificateRequest request)
    {
        Frame(request);
        KeyUsage(request, X509KeyUsageFlags.DigitalSignature);
        Eku(request, Oids.ServerAuth, Oids.ClientAuth);
    }

    private void Frame(CertificateRequest request)
    {
        San(request);
        Identifiers(request);
    }

    private static void San(CertificateRequest request)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        GeneralNames.Write(writer, Names);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", writer.Encode(), critical: false));
    }

    private void Identifiers(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(SHA256.HashData(request.PublicKey.EncodedKeyValue.RawData).AsSpan(0, 20), critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_pki.Acme.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
    }

    private static void KeyUsage(CertificateRequest request, X509KeyUsageFlags usages) => request.CertificateExtensions.Add(new X509KeyUsageExtension(usages, critical: true));

    private static void Eku(CertificateRequest request, params string[] usages) =>
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(u => new Oid(u))], critical: false));
}
