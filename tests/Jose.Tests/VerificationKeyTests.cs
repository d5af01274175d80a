using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

public sealed class VerificationKeyTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _data = "signed data"u8.ToArray();

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(96)]
    [InlineData(128)]
    public void Verify_SignatureOfWrongLength_IsFalse(int length)
    {
        // RFC 7518 section 3.4: exactly 64 octets for ES256.
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        var signature = Sign();
        Array.Resize(ref signature, length);
        verifier.Verify("ES256", _data, signature).ShouldBeFalse();
    }

    [Fact]
    public void Verify_DerSignature_IsFalse()
    {
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        verifier.Verify("ES256", _data, _key.SignData(_data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)).ShouldBeFalse();
    }

    [Fact]
    public void Verify_AllZeroSignature_IsFalse()
    {
        // CVE-2022-21449: r = s = 0 verified everything.
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        verifier.Verify("ES256", _data, new byte[64]).ShouldBeFalse();
    }

    [Fact]
    public void Verify_ROrSAtOrAboveTheOrder_IsFalse()
    {
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        var order = Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
        var signature = Sign();
        verifier.Verify("ES256", _data, [.. order, .. signature[32..]]).ShouldBeFalse();
        verifier.Verify("ES256", _data, [.. signature[..32], .. order]).ShouldBeFalse();
        verifier.Verify("ES256", _data, [.. Enumerable.Repeat((byte)0xFF, 64)]).ShouldBeFalse();
    }

    [Fact]
    public void Verify_OtherDataOrOtherKey_IsFalse()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        using var otherVerifier = VerificationKey.From(JsonWebKey.FromPublicKey(other));
        verifier.Verify("ES256", [1], Sign()).ShouldBeFalse();
        otherVerifier.Verify("ES256", _data, Sign()).ShouldBeFalse();
    }

    [Theory]
    [InlineData("ES384")]
    [InlineData("ES512")]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("EdDSA")]
    [InlineData("HS256")]
    [InlineData("none")]
    [InlineData("")]
    public void Verify_AlgorithmOfAnotherKey_IsNotAllowed(string algorithm)
    {
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        Refused.With(JoseError.AlgorithmNotAllowed, () => verifier.Verify(algorithm, _data, Sign()));
    }

    [Fact]
    public void Verify_JwkNamesOneAlgorithm_RefusesTheOthers()
    {
        using var rsa = RSA.Create(2048);
        var jwk = JsonWebKey.FromPublicKey(rsa);
        jwk.Alg = "PS256";
        using var verifier = VerificationKey.From(jwk);
        verifier.Verify("PS256", _data, rsa.SignData(_data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)).ShouldBeTrue();
        Refused.With(JoseError.AlgorithmNotAllowed, () => verifier.Verify("RS256", _data, rsa.SignData(_data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        Refused.With(JoseError.AlgorithmNotAllowed, () => verifier.Verify("ES256", _data, Sign()));
    }

    [Theory]
    [InlineData("RS256", "SHA256", false)]
    [InlineData("RS384", "SHA384", false)]
    [InlineData("RS512", "SHA512", false)]
    [InlineData("PS256", "SHA256", true)]
    [InlineData("PS384", "SHA384", true)]
    [InlineData("PS512", "SHA512", true)]
    public void Verify_EveryRsaAlgorithm_TakesOnlyItsOwnSignature(string algorithm, string hash, bool pss)
    {
        using var rsa = RSA.Create(2048);
        using var verifier = VerificationKey.FromSubjectPublicKeyInfo(rsa.ExportSubjectPublicKeyInfo());
        var signature = rsa.SignData(_data, new HashAlgorithmName(hash), pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        foreach (var name in new[] { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512" })
        {
            verifier.Verify(name, _data, signature).ShouldBe(name == algorithm, name);
        }

        verifier.Verify(algorithm, _data, [0, .. signature]).ShouldBeFalse();
        verifier.Verify(algorithm, _data, []).ShouldBeFalse();
    }

    [Fact]
    public void From_EncryptionKey_IsNotAllowed()
    {
        var jwk = JsonWebKey.FromPublicKey(_key);
        jwk.Use = "enc";
        Refused.With(JoseError.KeyNotAllowed, () => VerificationKey.From(jwk));
    }

    [Fact]
    public void From_KeyThatWasNotReadStrictly_IsCheckedHere()
    {
        // The library's class holds any value, and its properties can be set by any code.
        using var weak = RSA.Create(1024);
        var rsa = weak.ExportParameters(false);
        Refused.With(JoseError.KeyNotAllowed, () => VerificationKey.From(new JsonWebKey { Kty = "RSA", N = Base64Url.EncodeToString(rsa.Modulus), E = "AQAB" }));
        var ec = JsonWebKey.FromPublicKey(_key);
        ec.Y = ec.X;
        Refused.With(JoseError.KeyNotAllowed, () => VerificationKey.From(ec));
        Refused.With(JoseError.KeyNotAllowed, () => VerificationKey.From(new JsonWebKey { Kty = "oct", K = "AAAA" }));
    }

    [Fact]
    public void FromSubjectPublicKeyInfo_TrailingByte_IsMalformed()
        => Refused.With(JoseError.Malformed, () => VerificationKey.FromSubjectPublicKeyInfo([.. _key.ExportSubjectPublicKeyInfo(), 0]));

    [Fact]
    public void FromSubjectPublicKeyInfo_NotAKey_IsRefused()
    {
        Refused.With(JoseError.Malformed, () => VerificationKey.FromSubjectPublicKeyInfo([]));
        Refused.With(JoseError.Malformed, () => VerificationKey.FromSubjectPublicKeyInfo([0x30, 0x03, 0x02, 0x01, 0x00]));
        Refused.With(JoseError.KeyNotAllowed, () => VerificationKey.FromSubjectPublicKeyInfo(Convert.FromHexString(RfcKeys.Ed448Spki)));
        Refused.With(JoseError.Malformed, () => VerificationKey.FromSubjectPublicKeyInfo(Convert.FromHexString("3029" + RfcKeys.Ed25519Spki[4..18] + "032000" + RfcKeys.Ed25519Spki[26..])));
        using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        Refused.With(JoseError.KeyNotAllowed, () => VerificationKey.FromSubjectPublicKeyInfo(brainpool.ExportSubjectPublicKeyInfo()));
    }

    [Fact]
    public async Task Verify_FromManyThreads_IsAlwaysRight()
    {
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        var right = Sign();
        var wrong = Sign();
        wrong[10] ^= 1;
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(()
            => Enumerable.Range(0, 200).All(_ => verifier.Verify("ES256", _data, right) && !verifier.Verify("ES256", _data, wrong)))));
        results.ShouldAllBe(ok => ok);
    }

    [Fact]
    public void Verify_AfterDispose_Throws()
    {
        var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(_key));
        verifier.Dispose();
        verifier.Dispose();
        Should.Throw<ObjectDisposedException>(() => verifier.Verify("ES256", _data, Sign()));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    public void AlgorithmSet_OfSymmetricOrNone_IsAnArgumentError(string algorithm)
    {
        Should.Throw<ArgumentException>(() => AlgorithmSet.Of("ES256", algorithm));
        AlgorithmSet.Signatures.Allows(algorithm).ShouldBeFalse();
    }

    [Fact]
    public void FromSubjectPublicKeyInfo_Ed25519_VerifiesEdDsaAlone()
    {
        var parts = RfcKeys.EdDsaToken.Split('.');
        var input = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        var signature = Base64Url.DecodeFromChars(parts[2]);
        var jwk = JsonWebKey.FromSubjectPublicKeyInfo(Convert.FromHexString(RfcKeys.Ed25519Spki));
        jwk.Thumbprint().ShouldBe(JsonWebKey.Parse(RfcKeys.Ed25519Private).Thumbprint());
        using var verifier = VerificationKey.FromSubjectPublicKeyInfo(Convert.FromHexString(RfcKeys.Ed25519Spki));
        using var same = VerificationKey.From(jwk);
        same.Verify("EdDSA", input, signature).ShouldBeTrue();
        same.Verify("EdDSA", _data, signature).ShouldBeFalse();

        verifier.Verify("EdDSA", input, signature).ShouldBeTrue();
        verifier.Verify("EdDSA", _data, signature).ShouldBeFalse();
        verifier.Verify("EdDSA", input, signature.AsSpan(..63)).ShouldBeFalse();
        verifier.Verify("EdDSA", input, [.. signature, 0]).ShouldBeFalse();
        foreach (var other in new[] { "ES256", "RS256", "PS256", "HS256", "none", "Ed25519" })
        {
            Refused.With(JoseError.AlgorithmNotAllowed, () => verifier.Verify(other, input, signature));
        }
    }

    /// <summary>Under a key of small order forged signatures would verify.</summary>
    [Fact]
    public void FromSubjectPublicKeyInfo_Ed25519OfSmallOrder_VerifiesNothing()
    {
        byte[] neutral = [1, .. new byte[31]];
        using var verifier = VerificationKey.FromSubjectPublicKeyInfo([.. Convert.FromHexString(RfcKeys.Ed25519Spki[..24]), .. neutral]);

        verifier.Verify("EdDSA", _data, [.. neutral, .. new byte[32]]).ShouldBeFalse();
    }

    private byte[] Sign() => _key.SignData(_data, HashAlgorithmName.SHA256);
}
