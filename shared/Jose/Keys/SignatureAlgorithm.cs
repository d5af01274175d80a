using System.Security.Cryptography;

namespace IoTPlatform.Jose.Keys;

/// <summary>A JWS signature algorithm of RFC 7518 section 3.1 or RFC 8037 section 3.1. Curve is set for ECDSA, Padding for RSA, neither for EdDSA.</summary>
internal sealed record SignatureAlgorithm(string Name, HashAlgorithmName Hash, EcCurve? Curve, RSASignaturePadding? Padding)
{
    public const string EdDsa = "EdDSA";

    public static readonly SignatureAlgorithm[] All =
    [
        Ecdsa(EcCurve.P256),
        Ecdsa(EcCurve.P384),
        Ecdsa(EcCurve.P521),
        new("RS256", HashAlgorithmName.SHA256, null, RSASignaturePadding.Pkcs1),
        new("RS384", HashAlgorithmName.SHA384, null, RSASignaturePadding.Pkcs1),
        new("RS512", HashAlgorithmName.SHA512, null, RSASignaturePadding.Pkcs1),
        new("PS256", HashAlgorithmName.SHA256, null, RSASignaturePadding.Pss),
        new("PS384", HashAlgorithmName.SHA384, null, RSASignaturePadding.Pss),
        new("PS512", HashAlgorithmName.SHA512, null, RSASignaturePadding.Pss),
        new(EdDsa, default, null, null),
    ];

    public static SignatureAlgorithm? ByName(string name)
    {
        foreach (var algorithm in All)
        {
            if (algorithm.Name == name)
            {
                return algorithm;
            }
        }

        return null;
    }

    private static SignatureAlgorithm Ecdsa(EcCurve curve) => new(curve.Algorithm, curve.Hash, curve, null);
}
