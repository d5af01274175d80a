using System.Security.Cryptography;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Tests.Crypto;

/// <summary>The native and the portable way must agree on good, bad and nonsensical input.</summary>
public sealed class SignatureVerifierTests
{
    private static readonly byte[] Data = "signed"u8.ToArray();

    [Theory]
    [InlineData("nistP256")]
    [InlineData("nistP384")]
    [InlineData("nistP521")]
    public void VerifyEcdsa_NativeAndPortable_Agree(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        var spki = key.ExportSubjectPublicKeyInfo();
        var hash = SHA256.HashData(Data);
        var good = key.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence);
        var flipped = (byte[])good.Clone();
        flipped[^1] ^= 1;
        byte[][] signatures = [good, flipped, [], [0x30, 0x00], [.. good, 0], good[..^1], [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00], [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]];
        foreach (var signature in signatures)
        {
            var info = PublicKeyInfo.Parse(spki);
            var expected = ReferenceEquals(signature, good);
            SignatureVerifier.VerifyEcdsaPortable(info, hash, signature).ShouldBe(expected);
            if (LibCrypto.HasEcdsa)
            {
                LibCrypto.VerifyEcdsa(info.Kind, info.KeyBits, hash, signature).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void VerifyEcdsa_PointOffTheCurve_IsNeitherGoodNorBad()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = key.ExportSubjectPublicKeyInfo();
        spki[^1] ^= 1;
        var hash = SHA256.HashData(Data);
        var signature = key.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence);
        var info = PublicKeyInfo.Parse(spki);

        SignatureVerifier.VerifyEcdsaPortable(info, hash, signature).ShouldBeNull();
        if (LibCrypto.HasEcdsa)
        {
            LibCrypto.VerifyEcdsa(info.Kind, info.KeyBits, hash, signature).ShouldBeNull();
        }
    }

    [Fact]
    public void VerifyEcdsa_ManyThreads_AllAgree()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = key.ExportSubjectPublicKeyInfo();
        var signature = key.SignData(Data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

        Parallel.For(0, 500, _ => SignatureVerifier.Verify(SignatureAlgorithm.EcdsaSha256, PublicKeyInfo.Parse(spki), Data, signature).ShouldBeTrue());
    }
}
