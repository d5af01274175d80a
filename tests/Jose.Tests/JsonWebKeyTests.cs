using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

public sealed class JsonWebKeyTests
{
    private const string X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    private const string Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    [Fact]
    public void Parse_Rfc7515A3PrivateKey_ReadsEveryMember()
    {
        var key = JsonWebKey.Parse(RfcKeys.EcPrivate);
        key.Kty.ShouldBe("EC");
        key.Crv.ShouldBe("P-256");
        key.IsPrivate.ShouldBeTrue();
        key.KeyId.ShouldBeNull();
        key.ToPublic().IsPrivate.ShouldBeFalse();
    }

    [Fact]
    public void Thumbprint_Rfc7638Section3_1_IsThePrintedOne()
        => JsonWebKey.Parse(RfcKeys.ThumbprintKey).Thumbprint().ShouldBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");

    [Fact]
    public void Thumbprint_Rfc8037AppendixA3_IsThePrintedOne()
        => JsonWebKey.Parse(RfcKeys.Ed25519Private).Thumbprint().ShouldBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");

    [Fact]
    public void Thumbprint_PrivateAndPublicPart_AreTheSame()
    {
        var key = JsonWebKey.Parse(RfcKeys.EcPrivate);
        var other = key.ToPublic();
        other.KeyId = "x";
        key.Thumbprint().ShouldBe(other.Thumbprint());
    }

    [Fact]
    public void ToJson_WithEverything_HasStepCasOrder()
    {
        var key = JsonWebKey.Parse(RfcKeys.EcPrivate);
        (key.Use, key.KeyId, key.Alg) = ("sig", "k1", "ES256");
        key.ToJson().ShouldBe($$"""{"use":"sig","kty":"EC","kid":"k1","crv":"P-256","alg":"ES256","x":"{{X}}","y":"{{Y}}"}""");
    }

    [Theory]
    [InlineData(RfcKeys.EcPrivate)]
    [InlineData(RfcKeys.Ed25519Private)]
    public void ToJson_NotAskedForThePrivateKey_LeavesItOut(string json)
    {
        var key = JsonWebKey.Parse(json);
        key.ToJson().ShouldNotContain("\"d\"");
        key.ToString()!.ShouldNotContain("d\"");
        JsonWebKey.Parse(key.ToJson()).IsPrivate.ShouldBeFalse();
    }

    [Theory]
    [InlineData("1.2.840.10045.3.1.7", "P-256")]
    [InlineData("1.3.132.0.34", "P-384")]
    [InlineData("1.3.132.0.35", "P-521")]
    public void FromPrivateKey_RoundTrip_IsTheSameKey(string oid, string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(oid));
        var jwk = JsonWebKey.FromPrivateKey(key);
        jwk.Crv.ShouldBe(curve);
        using var back = JsonWebKey.Parse(jwk.ToJson(includePrivate: true)).ToECDsa();
        back.ExportECPrivateKey().ShouldBe(key.ExportECPrivateKey());
        Spki(JsonWebKey.FromPublicKey(key)).ShouldBe(key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void FromPublicKey_CoordinateWithLeadingZero_KeepsTheFullWidth()
    {
        // RFC 7518 section 6.2.1.2; one key in 256 has such a coordinate.
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            if (key.ExportParameters(false).Q.X![0] == 0)
            {
                Spki(JsonWebKey.Parse(JsonWebKey.FromPublicKey(key).ToJson())).ShouldBe(key.ExportSubjectPublicKeyInfo());
                return;
            }
        }

        Assert.Fail("10,000 keys without a leading zero byte.");
    }

    [Fact]
    public void ToRsa_RoundTripOfAPrivateKey_SignsForThePublicOne()
    {
        using var key = RSA.Create(2048);
        var parameters = key.ExportParameters(true);
        static string U(byte[]? value) => System.Buffers.Text.Base64Url.EncodeToString(value.AsSpan().TrimStart((byte)0));
        var json = $$"""{"kty":"RSA","n":"{{U(parameters.Modulus)}}","e":"{{U(parameters.Exponent)}}","d":"{{U(parameters.D)}}","p":"{{U(parameters.P)}}","q":"{{U(parameters.Q)}}","dp":"{{U(parameters.DP)}}","dq":"{{U(parameters.DQ)}}","qi":"{{U(parameters.InverseQ)}}"}""";
        var jwk = JsonWebKey.Parse(json);
        jwk.IsPrivate.ShouldBeTrue();
        jwk.ToJson(includePrivate: true).ShouldBe(json);
        using var back = JsonWebKey.Parse(jwk.ToJson(includePrivate: true)).ToRsa();
        var signature = back.SignData([1, 2, 3], HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(key));
        verifier.Verify("PS256", [1, 2, 3], signature).ShouldBeTrue();
    }

    [Fact]
    public void Parse_UnknownMembers_AreDropped()
        => JsonWebKey.Parse($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}","evil":{"a":1},"key_ops":["verify"]}""").ToJson()
            .ShouldBe($$"""{"kty":"EC","crv":"P-256","x":"{{X}}","y":"{{Y}}"}""");

    [Theory]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"} x""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}{}""")]
    [InlineData("""{"kty":"EC","kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}""")]
    [InlineData("""{"kty":"EC","\u006bty":"RSA","crv":"P-256","x":"{x}","y":"{y}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}=","y":"{y}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":" {x}","y":"{y}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"AA{x}","y":"{y}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":1,"y":"{y}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","kid":7}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":null}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","kid":"\ud800"}""")]
    [InlineData("""{"crv":"P-256","x":"{x}","y":"{y}"}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}",}""")]
    [InlineData("""{"kty":"EC","crv":"P-256",/* */"x":"{x}","y":"{y}"}""")]
    public void Parse_NotStrict_IsMalformed(string json)
        => Refused.With(JoseError.Malformed, () => JsonWebKey.Parse(json.Replace("{x}", X).Replace("{y}", Y)));

    [Theory]
    [InlineData("""{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}""")]
    [InlineData("""{"kty":"EC","crv":"secp256k1","x":"{x}","y":"{y}"}""")]
    [InlineData("""{"kty":"EC","crv":"p-256","x":"{x}","y":"{y}"}""")]
    [InlineData("""{"kty":"OKP","crv":"X25519","x":"{x}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}""")]
    [InlineData("""{"kty":"RSA","n":"{x}","e":"AQAB"}""")]
    public void Parse_KeyNotForUs_IsNotAllowed(string json)
        => Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.Parse(json.Replace("{x}", X).Replace("{y}", Y)));

    [Fact]
    public void Parse_NotUtf8_IsMalformed()
        => Refused.With(JoseError.Malformed, () => JsonWebKey.Parse([.. "{\"kty\":\""u8, 0xC0, 0xAF, .. "\"}"u8]));

    [Fact]
    public void Parse_Huge_IsMalformed()
        => Refused.With(JoseError.Malformed, () => JsonWebKey.Parse(RfcKeys.EcPrivate.Trim()[..^1] + ",\"a\":\"" + new string('a', 20_000) + "\"}"));

    [Fact]
    public void Parse_DeeplyNested_IsMalformed()
        => Refused.With(JoseError.Malformed, () => JsonWebKey.Parse("""{"a":""" + new string('[', 5000) + new string(']', 5000) + "}"));

    [Theory]
    [InlineData(1024)]
    [InlineData(2040)]
    public void FromPublicKey_WeakRsa_IsNotAllowed(int bits)
    {
        using var key = RSA.Create(bits);
        Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.FromPublicKey(key));
    }

    [Theory]
    [InlineData("Aw")]       // 3
    [InlineData("AQAA")]     // even
    [InlineData("AQAAAAE")]  // 2^32 + 1
    public void Parse_RsaExponent_OutsideTheBounds_IsNotAllowed(string e)
        => Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.Parse(RfcKeys.Rsa.Replace("AQAB", e)));

    [Fact]
    public void Parse_RsaModulusWithLeadingZero_IsMalformed()
        => Refused.With(JoseError.Malformed, () => JsonWebKey.Parse(RfcKeys.Rsa.Replace("\"ofgWCuLj", "\"AAAA" + "ofgWCuLj")));

    [Fact]
    public void Parse_RsaOversize_IsNotAllowed()
    {
        var modulus = new byte[1025];
        Array.Fill(modulus, (byte)0xFF);
        Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.Parse($$"""{"kty":"RSA","n":"{{System.Buffers.Text.Base64Url.EncodeToString(modulus)}}","e":"AQAB"}"""));
    }

    [Fact]
    public void FromPublicKey_OtherCurve_IsNotAllowed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.FromPublicKey(key));
        Refused.With(JoseError.KeyNotAllowed, () => _ = new EcSignatureKey(key));
    }

    [Fact]
    public void ToECDsa_OfAnotherKeyType_IsNotAllowed()
    {
        Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.Parse(RfcKeys.Rsa).ToECDsa());
        Refused.With(JoseError.KeyNotAllowed, () => JsonWebKey.Parse(RfcKeys.EcPrivate).ToRsa());
    }

    [Fact]
    public void Parse_AnyTextInKid_ComesBack()
    {
        var key = JsonWebKey.Parse(RfcKeys.EcPrivate);
        RepeatableProperty.Holds<string?>(text =>
        {
            key.KeyId = text;
            return text is null || text.Any(char.IsSurrogate) || JsonWebKey.Parse(Encoding.UTF8.GetBytes(key.ToJson())).KeyId == text;
        });
    }

    private static byte[] Spki(JsonWebKey jwk)
    {
        using var key = jwk.ToECDsa();
        return key.ExportSubjectPublicKeyInfo();
    }
}
