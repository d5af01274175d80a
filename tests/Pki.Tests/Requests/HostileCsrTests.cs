using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Tests.Requests;

public sealed class HostileCsrTests
{
    [Fact]
    public void Parse_BadSignature_IsRefused()
    {
        var der = new RawCsr().Sign();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var foreign = new RawCsr { SubjectPublicKeyInfo = other.ExportSubjectPublicKeyInfo() }.Sign(key);
        der[^1] ^= 1;

        Refuse(der, PkiError.BadSignature);
        Refuse(foreign, PkiError.BadSignature);
    }

    [Fact]
    public void Parse_AlgorithmOfAnotherKeyType_IsRefused()
    {
        byte[] rsaSha256 = [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00];
        byte[] ed25519 = [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70];

        Refuse(new RawCsr { Algorithm = rsaSha256 }.Sign(), PkiError.BadSignature);
        Refuse(new RawCsr { Algorithm = ed25519 }.Sign(), PkiError.BadSignature);
    }

    [Theory]
    [InlineData("1.2.840.113549.1.1.4")] // md5WithRSAEncryption
    [InlineData("1.2.840.113549.1.1.5")] // sha1WithRSAEncryption
    [InlineData("1.2.840.113549.1.1.14")] // sha224WithRSAEncryption
    [InlineData("1.2.840.10045.4.1")] // ecdsa-with-SHA1
    [InlineData("1.2.840.10045.4.3.1")] // ecdsa-with-SHA224
    [InlineData("1.2.840.113549.1.1.10")] // RSASSA-PSS without parameters: SHA-1
    public void Parse_WeakHash_IsRefused(string oid) => Refuse(new RawCsr { Algorithm = Identifier(oid) }.Sign(), PkiError.WeakHash);

    [Theory]
    [InlineData("2.16.840.1.101.3.4.3.10")] // ecdsa-with-SHA3-256
    [InlineData("1.2.840.10040.4.3")] // dsa-with-SHA1
    public void Parse_OtherSignatureAlgorithm_IsRefused(string oid) => Refuse(new RawCsr { Algorithm = Identifier(oid) }.Sign(), PkiError.UnsupportedKey);

    [Fact]
    public void Parse_EcdsaParametersOtherThanNull_AreRefused()
    {
        byte[] withInteger = [0x30, 0x0D, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02, 0x02, 0x01, 0x00];
        Refuse(new RawCsr { Algorithm = withInteger }.Sign(), PkiError.Malformed);
    }

    [Theory]
    [InlineData(1024, PkiError.WeakKey)]
    [InlineData(2040, PkiError.WeakKey)]
    public void Parse_ShortRsaKey_IsRefused(int bits, PkiError error)
    {
        using var key = RSA.Create(bits);
        Refuse(new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest(), error);
    }

    [Theory]
    [InlineData(2048, new byte[] { 1 }, PkiError.WeakKey)]
    [InlineData(2048, new byte[] { 3 }, PkiError.WeakKey)]
    [InlineData(2048, new byte[] { 0 }, PkiError.WeakKey)]
    [InlineData(2048, new byte[] { 0xFF }, PkiError.WeakKey)]
    [InlineData(2048, new byte[] { 1, 0, 0 }, PkiError.WeakKey)]
    [InlineData(2048, new byte[] { 1, 0, 0, 0, 1 }, PkiError.WeakKey)]
    [InlineData(2047, new byte[] { 1, 0, 1 }, PkiError.WeakKey)]
    [InlineData(8200, new byte[] { 1, 0, 1 }, PkiError.UnsupportedKey)]
    [InlineData(2048, new byte[] { 1, 0, 1 }, PkiError.BadSignature)]
    public void Parse_RsaNumbers_AreChecked(int bits, byte[] exponent, PkiError error) =>
        Refuse(new RawCsr { SubjectPublicKeyInfo = RsaKey(bits, exponent, odd: true) }.Sign(), error);

    [Fact]
    public void Parse_EvenRsaModulus_IsRefused() =>
        Refuse(new RawCsr { SubjectPublicKeyInfo = RsaKey(2048, [1, 0, 1], odd: false) }.Sign(), PkiError.WeakKey);

    [Theory]
    [InlineData("1.3.132.0.33", 28)] // P-224
    [InlineData("1.3.132.0.10", 32)] // secp256k1
    [InlineData("1.2.840.10045.3.1.1", 24)] // P-192
    [InlineData("1.3.36.3.3.2.8.1.1.7", 32)] // brainpoolP256r1
    public void Parse_OtherCurve_IsRefused(string curve, int size) =>
        Refuse(new RawCsr { SubjectPublicKeyInfo = EcKey(w => w.WriteObjectIdentifier(curve), Point(4, size)) }.Sign(), PkiError.UnsupportedKey);

    [Fact]
    public void Parse_ExplicitCurveParameters_AreRefused()
    {
        static void Explicit(AsnWriter writer)
        {
            using var _ = writer.PushSequence();
            writer.WriteInteger(1);
        }

        Refuse(new RawCsr { SubjectPublicKeyInfo = EcKey(Explicit, Point(4, 32)) }.Sign(), PkiError.UnsupportedKey);
        Refuse(new RawCsr { SubjectPublicKeyInfo = EcKey(w => w.WriteNull(), Point(4, 32)) }.Sign(), PkiError.UnsupportedKey);
    }

    [Theory]
    [InlineData(4, 32, PkiError.WeakKey)] // not on the curve
    [InlineData(4, 31, PkiError.WeakKey)]
    [InlineData(4, 33, PkiError.WeakKey)]
    [InlineData(2, 16, PkiError.UnsupportedKey)] // compressed
    [InlineData(6, 32, PkiError.UnsupportedKey)] // hybrid
    [InlineData(0, 0, PkiError.WeakKey)] // infinity
    public void Parse_BadPoint_IsRefused(byte form, int size, PkiError error) =>
        Refuse(new RawCsr { SubjectPublicKeyInfo = EcKey(w => w.WriteObjectIdentifier("1.2.840.10045.3.1.7"), Point(form, size)) }.Sign(), error);

    [Theory]
    [InlineData("1.2.840.113549.1.1.10")] // id-RSASSA-PSS
    [InlineData("1.2.840.10040.4.1")] // DSA
    [InlineData("1.3.101.113")] // Ed448
    [InlineData("1.3.101.110")] // X25519
    public void Parse_OtherKeyType_IsRefused(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(Identifier(oid));
            writer.WriteBitString(new byte[57]);
        }

        Refuse(new RawCsr { SubjectPublicKeyInfo = writer.Encode() }.Sign(), PkiError.UnsupportedKey);
    }

    [Fact]
    public void Parse_OverLongInput_IsRefusedBeforeItIsRead()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Refuse(new byte[CertificateSigningRequest.DefaultMaxBytes + 1], PkiError.TooLarge);
        ((Action)(() => CertificateSigningRequest.ParsePem(new string('A', 2 * 1024 * 1024)))).ShouldBeRefused(PkiError.TooLarge);
        ((Action)(() => CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "x" }), maxBytes: 64)))
            .ShouldBeRefused(PkiError.TooLarge);
    }

    [Fact]
    public void Parse_TooManyNames_AreRefused()
    {
        var names = Enumerable.Range(0, SubjectNames.MaxNames + 1).Select(i => $"d{i}").ToArray();
        Refuse(WithSan(names), PkiError.TooLarge);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\n****\n-----END CERTIFICATE REQUEST-----\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n")]
    public void ParsePem_NotARequest_IsRefused(string pem) => ((Action)(() => CertificateSigningRequest.ParsePem(pem))).ShouldBeRefused(PkiError.Malformed);

    [Fact]
    public void ParsePem_AnythingBesideTheOneBlock_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "x" });
        foreach (var bad in new[] { "x" + pem, pem + "x", pem + pem, key.ExportPkcs8PrivateKeyPem(), pem.Replace("REQUEST", "REQUES", StringComparison.Ordinal) })
        {
            ((Action)(() => CertificateSigningRequest.ParsePem(bad))).ShouldBeRefused(PkiError.Malformed);
        }
    }

    [Fact]
    public void Parse_CertificateInsteadOfARequest_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        Refuse(certificate.RawData, PkiError.Malformed);
    }

    [Fact]
    public void Parse_CaTrue_IsReportedToTheCaller()
    {
        CertificateSigningRequest.ParseDer(WithExtension("2.5.29.19", w => { using var _ = w.PushSequence(); w.WriteBoolean(true); })).RequestsCa.ShouldBeTrue();
        CertificateSigningRequest.ParseDer(WithExtension("2.5.29.19", w => { using var _ = w.PushSequence(); })).RequestsCa.ShouldBeFalse();
        CertificateSigningRequest.ParseDer(WithExtension("2.5.29.15", w => w.WriteNamedBitList(new System.Collections.BitArray([false, false, false, false, false, true]))))
            .RequestsCa.ShouldBeTrue();
    }

    [Theory]
    [InlineData("vhost:user")]
    [InlineData("a\u0000b")]
    [InlineData("a\nb")]
    [InlineData("a\u001bb")]
    [InlineData("a\u007fb")]
    [InlineData("a\u0085b")]
    [InlineData("a\u202eb")]
    [InlineData("a\u200bb")]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void Parse_CommonName_NotAllowed(string name) =>
        Refuse(new RawCsr { Subject = w => RawCsr.CommonName(w, name) }.Sign(), PkiError.NameNotAllowed);

    [Theory]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a*")]
    [InlineData("-a_b")]
    [InlineData("*")]
    [InlineData("a.*.b")]
    [InlineData("*.*.b")]
    [InlineData("*a.b")]
    [InlineData("10.0.0.1")]
    [InlineData("")]
    public void Parse_DnsName_NotAllowed(string name) => Refuse(WithSan(name), PkiError.NameNotAllowed);

    [Fact]
    public void Parse_OverLongDnsName_IsRefused() => Refuse(WithSan(string.Join('.', Enumerable.Repeat("abcdefgh", 29))), PkiError.NameNotAllowed);

    [Fact]
    public void Parse_NonAsciiDnsName_IsRefused() => Refuse(WithSan("ger\u00e4t"), PkiError.Malformed);

    [Fact]
    public void Parse_DoubleExtensionOrRequest_IsRefused()
    {
        Refuse(
            new RawCsr
            {
                Attributes = w => RawCsr.ExtensionRequest(w, e =>
                {
                    RawCsr.Extension(e, "2.5.29.17", v => RawCsr.Dns(v, "a"));
                    RawCsr.Extension(e, "2.5.29.17", v => RawCsr.Dns(v, "b"));
                }),
            }.Sign(), PkiError.Malformed);
        Refuse(
            new RawCsr
            {
                Attributes = w =>
                {
                    RawCsr.ExtensionRequest(w, e => RawCsr.Extension(e, "2.5.29.17", v => RawCsr.Dns(v, "a")));
                    RawCsr.ExtensionRequest(w, e => RawCsr.Extension(e, "2.5.29.17", v => RawCsr.Dns(v, "b")));
                },
            }.Sign(), PkiError.Malformed);
    }

    [Fact]
    public void Parse_NotTheStructure_IsRefused()
    {
        // an unknown version, something after the attributes, after the request, and a name of 65 attributes
        Refuse(new RawCsr { Version = 3 }.Sign(), PkiError.Malformed);
        Refuse(new RawCsr { AfterAttributes = w => w.WriteNull() }.Sign(), PkiError.Malformed);
        Refuse([.. new RawCsr().Sign(), 0], PkiError.Malformed);
        Refuse(new RawCsr { Subject = w => ManyNames(w, 65) }.Sign(), PkiError.TooLarge);
    }

    [Fact]
    public void Parse_WishToBeACaInASloppyEncoding_IsReportedToTheCaller()
    {
        // TRUE as 0x01, a path length too, and key usages with set padding bits or a needless octet
        RequestsCa("2.5.29.19", [0x30, 0x03, 0x01, 0x01, 0x01]).ShouldBeTrue();
        RequestsCa("2.5.29.19", [0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00]).ShouldBeTrue();
        RequestsCa("2.5.29.19", [0x30, 0x06, 0x01, 0x01, 0x00, 0x02, 0x01, 0x00]).ShouldBeFalse();
        RequestsCa("2.5.29.15", [0x03, 0x02, 0x00, 0x04]).ShouldBeTrue();
        RequestsCa("2.5.29.15", [0x03, 0x02, 0x02, 0x07]).ShouldBeTrue();
        RequestsCa("2.5.29.15", [0x03, 0x03, 0x00, 0x04, 0x00]).ShouldBeTrue();
        RequestsCa("2.5.29.15", [0x03, 0x02, 0x07, 0xFF]).ShouldBeFalse();

        static bool RequestsCa(string oid, byte[] value) => CertificateSigningRequest.ParseDer(WithExtension(oid, w => w.WriteEncodedValue(value))).RequestsCa;
    }

    [Fact]
    public void Parse_OneKeyInTwoEncodings_IsOneKey()
    {
        using var key = RSA.Create(2048);
        var usual = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();
        var info = new RawCsr { SubjectPublicKeyInfo = RsaKey(key.ExportParameters(false), withNull: false) };
        byte[] rsaSha256 = [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00];
        var body = info.Info(info.SubjectPublicKeyInfo!);
        var disguised = new RawCsr { Algorithm = rsaSha256 }.Assemble(body, key.SignData(body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        var one = CertificateSigningRequest.ParseDer(usual);
        var other = CertificateSigningRequest.ParseDer(disguised);

        other.SubjectPublicKeyInfo.ToArray().ShouldBe(key.ExportSubjectPublicKeyInfo());
        other.SubjectPublicKeyInfoSha256.ShouldBe(one.SubjectPublicKeyInfoSha256);
    }

    [Fact]
    public void Parse_IndefiniteLength_IsRefused()
    {
        var der = new RawCsr().Sign();
        der[0].ShouldBe((byte)0x30);
        byte[] ber = [0x30, 0x80, .. der[(der[1] < 0x80 ? 2 : 2 + (der[1] & 0x7F))..], 0, 0];
        Refuse(ber, PkiError.Malformed);
    }

    private static void Refuse(byte[] der, PkiError error) => ((Action)(() => CertificateSigningRequest.ParseDer(der))).ShouldBeRefused(error);

    private static byte[] WithSan(params string[] names) => WithExtension("2.5.29.17", w => RawCsr.Dns(w, names));

    private static byte[] WithExtension(string oid, Action<AsnWriter> value) =>
        new RawCsr { Attributes = w => RawCsr.ExtensionRequest(w, e => RawCsr.Extension(e, oid, value)) }.Sign();

    private static void Attribute(AsnWriter writer, string oid)
    {
        using var _ = writer.PushSequence();
        writer.WriteObjectIdentifier(oid);
        using var values = writer.PushSetOf();
        writer.WriteNull();
    }

    private static byte[] Identifier(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
        }

        return writer.Encode();
    }

    private static byte[] EcKey(Action<AsnWriter> parameters, byte[] point)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.10045.2.1");
                parameters(writer);
            }

            writer.WriteBitString(point);
        }

        return writer.Encode();
    }

    private static byte[] Point(byte form, int size) => [form, .. Enumerable.Repeat((byte)0x11, 2 * size)];

    private static void ManyNames(AsnWriter writer, int count)
    {
        using var _ = writer.PushSequence();
        for (var i = 0; i < count; i++)
        {
            RawCsr.AddCommonName(writer, "a");
        }
    }

    private static byte[] RsaKey(int bits, byte[] exponent, bool odd)
    {
        var modulus = new byte[(bits + 7) / 8];
        modulus[0] = (byte)(1 << ((bits - 1) % 8));
        modulus[^1] |= (byte)(odd ? 1 : 2);
        return RsaKey(new RSAParameters { Modulus = modulus, Exponent = exponent }, withNull: true);
    }

    private static byte[] RsaKey(RSAParameters parameters, bool withNull)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.1");
                if (withNull)
                {
                    writer.WriteNull();
                }
            }

            var key = new AsnWriter(AsnEncodingRules.DER);
            using (key.PushSequence())
            {
                key.WriteIntegerUnsigned(parameters.Modulus);
                key.WriteInteger(parameters.Exponent);
            }

            writer.WriteBitString(key.Encode());
        }

        return writer.Encode();
    }
}
