using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose.Json;
using IoTPlatform.Jose.Keys;

namespace IoTPlatform.Jose;

/// <summary>
/// An immutable JSON Web Key (RFC 7517, 7518, 8037): EC P-256, P-384, P-521; RSA of 2048 to 8192 bits; OKP Ed25519 (no operations).
/// Public or private. Unknown members are dropped, duplicate members refused.
/// </summary>
public sealed class JsonWebKey
{
    private const int MaxLength = 16384;

    private JsonWebKey(KeyMaterial material) => Material = material;

    /// <summary>"EC", "RSA" or "OKP".</summary>
    public string KeyType => Material.KeyType;

    public string? KeyId { get; private init; }

    public string? Algorithm { get; private init; }

    public string? Use { get; private init; }

    public string? Curve => Material.Curve;

    public bool HasPrivateKey => Material.HasPrivateKey;

    internal KeyMaterial Material { get; }

    public static JsonWebKey Parse(ReadOnlySpan<byte> utf8Json)
        => utf8Json.Length <= MaxLength
            ? Read(StrictJson.ParseDetached(utf8Json, "The key"))
            : throw new JoseException(JoseError.Malformed, "The key is too long.");

    public static JsonWebKey Parse(string json)
        => json.Length <= MaxLength
            ? Parse(Encoding.UTF8.GetBytes(json))
            : throw new JoseException(JoseError.Malformed, "The key is too long.");

    public static JsonWebKey FromPublicKey(ECDsa key) => new(EcKeyMaterial.From(key.ExportParameters(includePrivateParameters: false)));

    public static JsonWebKey FromPublicKey(RSA key) => new(RsaKeyMaterial.From(key.ExportParameters(includePrivateParameters: false)));

    public static JsonWebKey FromPrivateKey(ECDsa key) => new(EcKeyMaterial.From(key.ExportParameters(includePrivateParameters: true)));

    /// <summary>RFC 7638 SHA-256 thumbprint, base64url.</summary>
    public string Thumbprint() => StrictBase64Url.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(Material.ThumbprintInput())));

    public JsonWebKey ToPublic() => With(Material.ToPublic(), KeyId, Algorithm, Use);

    public JsonWebKey WithKeyId(string kid) => With(Material, kid, Algorithm, Use);

    public JsonWebKey WithAlgorithm(string algorithm) => With(Material, KeyId, algorithm, Use);

    public JsonWebKey WithUse(string use) => With(Material, KeyId, Algorithm, use);

    /// <summary>Members in step-ca's order: use, kty, kid, crv, alg, then the key's own.</summary>
    public string ToJson(bool includePrivate = false)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteIfPresent(writer, "use", Use);
            writer.WriteString("kty", KeyType);
            WriteIfPresent(writer, "kid", KeyId);
            WriteIfPresent(writer, "crv", Curve);
            WriteIfPresent(writer, "alg", Algorithm);
            Material.WritePublic(writer);
            if (includePrivate && HasPrivateKey)
            {
                Material.WritePrivate(writer);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A new key object, private if this one is. The caller disposes it.</summary>
    public ECDsa ToECDsa()
        => Material is EcKeyMaterial ec ? ec.ToECDsa() : throw new JoseException(JoseError.KeyNotAllowed, "The key is not an EC key.");

    /// <summary>A new key object, private if this one is. The caller disposes it.</summary>
    public RSA ToRsa()
        => Material is RsaKeyMaterial rsa ? rsa.ToRsa() : throw new JoseException(JoseError.KeyNotAllowed, "The key is not an RSA key.");

    /// <summary>DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).</summary>
    public byte[] SubjectPublicKeyInfo() => Material.SubjectPublicKeyInfo();

    internal static JsonWebKey Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new JoseException(JoseError.Malformed, "The key is not a JSON object.");
        }

        var members = new JwkMembers(json);
        return With(KeyMaterial.Read(members), members.Text("kid"), members.Text("alg"), members.Text("use"));
    }

    private static JsonWebKey With(KeyMaterial material, string? kid, string? algorithm, string? use)
        => new(material) { KeyId = kid, Algorithm = algorithm, Use = use };

    private static void WriteIfPresent(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
