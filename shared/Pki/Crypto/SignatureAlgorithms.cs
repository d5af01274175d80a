using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki.Crypto;

/// <summary>AlgorithmIdentifiers of signatures: a closed list (RFC 5758 3.2, RFC 4055 5, RFC 8410 3).</summary>
internal static class SignatureAlgorithms
{
    private static readonly byte[] EcdsaSha256Identifier = [0x30, 0x0A, 0x06, 0x08, .. DerOid.EcdsaWithSha2Arc, 0x02];
    private static readonly byte[] EcdsaSha384Identifier = [0x30, 0x0A, 0x06, 0x08, .. DerOid.EcdsaWithSha2Arc, 0x03];
    private static readonly byte[] EcdsaSha512Identifier = [0x30, 0x0A, 0x06, 0x08, .. DerOid.EcdsaWithSha2Arc, 0x04];

    /// <summary>
    /// Reads one AlgorithmIdentifier with exactly the parameters its RFC demands. Tolerant, NULL may be there or not, as RFC 4055 section 5 asks
    /// for RSA, and RSASSA-PSS is one more algorithm: nothing here is signed with it.
    /// </summary>
    public static SignatureAlgorithm Read(ref DerReader reader)
    {
        var identifier = reader.ReadSequence();
        var oid = identifier.ReadOid();
        if (identifier.IsTolerant && oid.SequenceEqual(DerOid.RsaPss))
        {
            return RsaPssParameters.Read(ref identifier);
        }

        var algorithm = Find(oid);
        if (identifier.IsTolerant)
        {
            identifier.SkipNull();
        }
        else if (algorithm is SignatureAlgorithm.RsaSha256 or SignatureAlgorithm.RsaSha384 or SignatureAlgorithm.RsaSha512)
        {
            identifier.ReadNull();
        }

        identifier.ThrowIfNotEmpty();
        return algorithm;
    }

    /// <summary>Verified with <see cref="RSASignaturePadding.Pss"/>.</summary>
    public static bool IsPss(SignatureAlgorithm algorithm) =>
        algorithm is SignatureAlgorithm.RsaPssSha256 or SignatureAlgorithm.RsaPssSha384 or SignatureAlgorithm.RsaPssSha512;

    public static HashAlgorithmName Hash(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.EcdsaSha256 or SignatureAlgorithm.RsaSha256 or SignatureAlgorithm.RsaPssSha256 => HashAlgorithmName.SHA256,
        SignatureAlgorithm.EcdsaSha384 or SignatureAlgorithm.RsaSha384 or SignatureAlgorithm.RsaPssSha384 => HashAlgorithmName.SHA384,
        SignatureAlgorithm.EcdsaSha512 or SignatureAlgorithm.RsaSha512 or SignatureAlgorithm.RsaPssSha512 => HashAlgorithmName.SHA512,
        _ => throw new PkiException(PkiError.UnsupportedKey, "This signature algorithm has no separate hash."),
    };

    /// <summary>What a key of this kind signs with: the hash as strong as the curve.</summary>
    public static SignatureAlgorithm ForIssuer(KeyKind key) => key switch
    {
        KeyKind.P256 => SignatureAlgorithm.EcdsaSha256,
        KeyKind.P384 => SignatureAlgorithm.EcdsaSha384,
        KeyKind.P521 => SignatureAlgorithm.EcdsaSha512,
        _ => throw new PkiException(PkiError.UnsupportedKey, "Only ECDSA keys on P-256, P-384 or P-521 sign certificates here."),
    };

    /// <summary>The DER AlgorithmIdentifier of an algorithm this platform signs with.</summary>
    public static ReadOnlySpan<byte> Identifier(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.EcdsaSha256 => EcdsaSha256Identifier,
        SignatureAlgorithm.EcdsaSha384 => EcdsaSha384Identifier,
        SignatureAlgorithm.EcdsaSha512 => EcdsaSha512Identifier,
        _ => throw new PkiException(PkiError.UnsupportedKey, "This platform does not sign with that algorithm."),
    };

    private static SignatureAlgorithm Find(ReadOnlySpan<byte> oid)
    {
        if (oid.SequenceEqual(DerOid.Ed25519))
        {
            return SignatureAlgorithm.Ed25519;
        }

        var stem = oid[..^1];
        var last = oid[^1];
        if (stem.SequenceEqual(DerOid.EcdsaWithSha2Arc))
        {
            return last switch
            {
                2 => SignatureAlgorithm.EcdsaSha256,
                3 => SignatureAlgorithm.EcdsaSha384,
                4 => SignatureAlgorithm.EcdsaSha512,
                _ => throw WeakHash(),
            };
        }

        if (stem.SequenceEqual(DerOid.Pkcs1Arc))
        {
            return last switch
            {
                11 => SignatureAlgorithm.RsaSha256,
                12 => SignatureAlgorithm.RsaSha384,
                13 => SignatureAlgorithm.RsaSha512,
                2 or 3 or 4 or 5 or 14 => throw WeakHash(),
                _ => throw Unknown(),
            };
        }

        throw oid.SequenceEqual(DerOid.EcdsaWithSha1) ? WeakHash() : Unknown();
    }

    internal static PkiException WeakHash() => new(PkiError.WeakHash, "The signature's hash is not allowed: SHA-256, SHA-384 or SHA-512 only.");

    private static PkiException Unknown() =>
        new(PkiError.UnsupportedKey, "The signature algorithm is not allowed: ECDSA, RSA (PKCS#1 v1.5 or PSS) or Ed25519 only.");
}

/// <summary>The signature algorithms the platform makes or accepts in requests and certificates.</summary>
internal enum SignatureAlgorithm
{
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    Ed25519,
}
