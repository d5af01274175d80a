using System.Text.Json;

namespace IoTPlatform.Jose.Keys;

/// <summary>The key type's own members of a JWK.</summary>
internal abstract class KeyMaterial
{
    public abstract string KeyType { get; }

    public virtual string? Curve => null;

    public abstract bool HasPrivateKey { get; }

    public abstract KeyMaterial ToPublic();

    public abstract void WritePublic(Utf8JsonWriter writer);

    public abstract void WritePrivate(Utf8JsonWriter writer);

    /// <summary>The required members in lexicographic order, RFC 7638 section 3.2.</summary>
    public abstract string ThumbprintInput();

    public abstract byte[] SubjectPublicKeyInfo();

    public static KeyMaterial Read(JwkMembers members) => members.KeyType switch
    {
        "EC" => EcKeyMaterial.Read(members),
        "RSA" => RsaKeyMaterial.Read(members),
        "OKP" => OkpKeyMaterial.Read(members),
        null => throw new JoseException(JoseError.Malformed, "The key has no \"kty\"."),
        _ => throw new JoseException(JoseError.KeyNotAllowed, "The key's type is not EC, RSA or OKP."),
    };
}
