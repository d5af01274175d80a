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

    /// <summary>RFC 8032 7.1, test 2.</summary>
    [SkippableFact]
    public void VerifyEd25519_Rfc8032Vector_Verifies()
    {
        IoTPlatform.Testing.Requires.That(LibCrypto.HasEd25519, "this platform's libcrypto has no Ed25519");
        var key = Convert.FromHexString("3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C");
        var signature = Convert.FromHexString("92A009A9F0D4CAB8720E820B5F642540A2B27B5416503F8FB3762223EBDB69DA085AC1E43E15996E458F3613D0F11D8C387B2EAEB4302AEEB00D291612BB0C00");

        LibCrypto.VerifyEd25519(key, [0x72], signature).ShouldBeTrue();
        LibCrypto.VerifyEd25519(key, [0x73], signature).ShouldBeFalse();
        LibCrypto.VerifyEd25519(key, [0x72], signature.AsSpan(1)).ShouldBeFalse();
    }
}
