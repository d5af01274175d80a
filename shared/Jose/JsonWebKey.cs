using System.Security.Cryptography;

namespace IoTPlatform.Jose;

/// <summary>
/// An immutable JSON Web Key (RFC 7517, 7518, 8037): EC P-256, P-384, P-521; RSA of 2048 to 8192 bits; OKP Ed25519 (no operations).
/// Public or private. Unknown members are dropped, duplicate members refused.
/// </summary>
public sealed class JsonWebKey
{
    public static JsonWebKey Parse(ReadOnlySpan<byte> utf8Json) => throw new NotImplementedException();

    public static JsonWebKey Parse(string json) => throw new NotImplementedException();

    public static JsonWebKey FromPublicKey(ECDsa key) => throw new NotImplementedException();

    public static JsonWebKey FromPublicKey(RSA key) => throw new NotImplementedException();

    public static JsonWebKey FromPrivateKey(ECDsa key) => throw new NotImplementedException();

    /// <summary>"EC", "RSA" or "OKP".</summary>
    public string KeyType => throw new NotImplementedException();

    public string? KeyId => throw new NotImplementedException();

    public string? Algorithm => throw new NotImplementedException();

    public string? Use => throw new NotImplementedException();

    public string? Curve => throw new NotImplementedException();

    public bool HasPrivateKey => throw new NotImplementedException();

    /// <summary>RFC 7638 SHA-256 thumbprint, base64url.</summary>
    public string Thumbprint() => throw new NotImplementedException();

    public JsonWebKey ToPublic() => throw new NotImplementedException();

    public JsonWebKey WithKeyId(string kid) => throw new NotImplementedException();

    public JsonWebKey WithAlgorithm(string algorithm) => throw new NotImplementedException();

    public JsonWebKey WithUse(string use) => throw new NotImplementedException();

    /// <summary>Members in step-ca's order: use, kty, kid, crv, alg, then the key's own.</summary>
    public string ToJson(bool includePrivate = false) => throw new NotImplementedException();

    /// <summary>A new key object, private if this one is. The caller disposes it.</summary>
    public ECDsa ToECDsa() => throw new NotImplementedException();

    /// <summary>A new key object, private if this one is. The caller disposes it.</summary>
    public RSA ToRsa() => throw new NotImplementedException();

    /// <summary>DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).</summary>
    public byte[] SubjectPublicKeyInfo() => throw new NotImplementedException();
}
