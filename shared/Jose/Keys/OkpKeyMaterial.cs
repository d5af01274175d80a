using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Keys;

/// <summary>RFC 8037 section 2, Ed25519 only. The BCL has no Ed25519, so such a key can be read, shown and compared, not used.</summary>
internal sealed class OkpKeyMaterial(byte[] x, byte[]? d) : KeyMaterial
{
    private const int Length = 32;

    // SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING }, RFC 8410 section 4.
    private static ReadOnlySpan<byte> SpkiPrefix => [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

    public override string KeyType => "OKP";

    public override string Curve => "Ed25519";

    public override bool HasPrivateKey => d is not null;

    public static new OkpKeyMaterial Read(JwkMembers members)
        => members.Text("crv") == "Ed25519"
            ? new OkpKeyMaterial(members.Bytes("x", Length), members.Has("d") ? members.Bytes("d", Length) : null)
            : throw new JoseException(JoseError.KeyNotAllowed, "The key's curve is not Ed25519.");

    public override KeyMaterial ToPublic() => HasPrivateKey ? new OkpKeyMaterial(x, null) : this;

    public override void WritePublic(Utf8JsonWriter writer) => writer.WriteString("x", StrictBase64Url.Encode(x));

    public override void WritePrivate(Utf8JsonWriter writer) => writer.WriteString("d", StrictBase64Url.Encode(d));

    public override string ThumbprintInput() => $$"""{"crv":"Ed25519","kty":"OKP","x":"{{StrictBase64Url.Encode(x)}}"}""";

    public override byte[] SubjectPublicKeyInfo() => [.. SpkiPrefix, .. x];
}
