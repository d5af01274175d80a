using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace IoTPlatform.Jose.Keys;

/// <summary>EdDSA with Ed25519 (RFC 8037), which IdentityModel lacks, beside its own algorithms. Verifies only.</summary>
internal sealed class Ed25519SignatureProvider(byte[] publicKey)
    : SignatureProvider(new JsonWebKey { Kty = "OKP", Crv = "Ed25519" }, SignatureAlgorithm.EdDsa)
{
    public override bool Verify(byte[] input, byte[] signature) => Ed25519.Verify(signature, 0, publicKey, 0, input, 0, input.Length);

    public override byte[] Sign(byte[] input) => throw new NotSupportedException();

    protected override void Dispose(bool disposing) { }
}

/// <summary>A JWS signature algorithm of RFC 7518 section 3.1 or RFC 8037 section 3.1, and the one kind of key that it fits.</summary>
internal sealed record SignatureAlgorithm(string Name, string KeyType, string? Curve = null)
{
    public const string EdDsa = "EdDSA";

    public static readonly SignatureAlgorithm[] All =
    [
        new("ES256", "EC", "P-256"),
        new("ES384", "EC", "P-384"),
        new("ES512", "EC", "P-521"),
        new("RS256", "RSA"),
        new("RS384", "RSA"),
        new("RS512", "RSA"),
        new("PS256", "RSA"),
        new("PS384", "RSA"),
        new("PS512", "RSA"),
        new(EdDsa, "OKP", "Ed25519"),
    ];

    public static bool Exists(string name) => Array.Exists(All, algorithm => algorithm.Name == name);

    /// <summary>The JWK's "alg", if it has one, is its only algorithm.</summary>
    public bool Fits(JsonWebKey key) => key.Kty == KeyType && (Curve is null || key.Crv == Curve) && (key.Alg is null || key.Alg == Name);
}
