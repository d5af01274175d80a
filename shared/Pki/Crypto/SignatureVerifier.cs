using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace IoTPlatform.Pki.Crypto;

/// <summary>Verifies one signature under a key that is seen once.</summary>
internal static class SignatureVerifier
{
    /// <summary>False when it does not verify or the algorithm is not the key's; throws for a point off its curve.</summary>
    public static bool Verify(SignatureAlgorithm algorithm, PublicKeyInfo key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        switch (algorithm)
        {
            case SignatureAlgorithm.EcdsaSha256 or SignatureAlgorithm.EcdsaSha384 or SignatureAlgorithm.EcdsaSha512:
                return key.Kind is KeyKind.P256 or KeyKind.P384 or KeyKind.P521 && VerifyEcdsa(algorithm, key, data, signature);
            case SignatureAlgorithm.Ed25519:
                return key.Kind == KeyKind.Ed25519 && VerifyEd25519(key, data, signature);
            default:
                return key.Kind == KeyKind.Rsa2048OrMore && VerifyRsa(algorithm, key, data, signature);
        }
    }

    private static bool VerifyEcdsa(SignatureAlgorithm algorithm, PublicKeyInfo key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> buffer = stackalloc byte[SHA512.HashSizeInBytes];
        var hash = buffer[..CryptographicOperations.HashData(SignatureAlgorithms.Hash(algorithm), data, buffer)];
        return (LibCrypto.HasEcdsa ? LibCrypto.VerifyEcdsa(key.Kind, key.KeyBits, hash, signature) : VerifyEcdsaPortable(key, hash, signature))
            ?? throw new PkiException(PkiError.WeakKey, "The EC point is not a point of its curve.");
    }

    internal static bool? VerifyEcdsaPortable(PublicKeyInfo key, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        var size = (key.KeyBits.Length - 1) / 2;
        var curve = key.Kind switch
        {
            KeyKind.P256 => ECCurve.NamedCurves.nistP256,
            KeyKind.P384 => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        };
        ECDsa ecdsa;
        try
        {
            ecdsa = ECDsa.Create(new ECParameters { Curve = curve, Q = { X = key.KeyBits.Slice(1, size).ToArray(), Y = key.KeyBits[(1 + size)..].ToArray() } });
        }
        catch (CryptographicException)
        {
            return null;
        }

        using (ecdsa)
        {
            return ecdsa.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    /// <summary>RFC 8032 5.1.7. Also refuses keys of small order, under which forged signatures verify.</summary>
    private static bool VerifyEd25519(PublicKeyInfo key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, key.KeyBits, data);

    private static bool VerifyRsa(SignatureAlgorithm algorithm, PublicKeyInfo key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var rsa = RSA.Create(new RSAParameters { Modulus = key.Modulus.ToArray(), Exponent = key.Exponent.ToArray() });
            var padding = SignatureAlgorithms.IsPss(algorithm) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
            return rsa.VerifyData(data, signature, SignatureAlgorithms.Hash(algorithm), padding);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}

/// <summary>Key identifiers: the leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 2, method 1).</summary>
internal static class KeyIdentifier
{
    public const int Bytes = 20;

    public static void Write(PublicKeyInfo key, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key.KeyBits, hash);
        hash[..Bytes].CopyTo(destination);
    }

    public static byte[] Of(PublicKeyInfo key)
    {
        var identifier = new byte[Bytes];
        Write(key, identifier);
        return identifier;
    }
}
