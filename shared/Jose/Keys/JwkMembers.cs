using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Keys;

/// <summary>The members of a JWK as they were sent; one that is null is absent.</summary>
internal readonly struct JwkMembers(JsonElement json)
{
    public string? KeyType => Text("kty");

    public string? Text(string name)
        => TryGet(name, out var value) ? StrictJson.String(value, $"The key's \"{name}\"") : null;

    public bool Has(string name) => TryGet(name, out _);

    public byte[] Bytes(string name)
        => StrictBase64Url.Decode(
            Text(name) ?? throw new JoseException(JoseError.Malformed, $"The key has no \"{name}\"."), $"The key's \"{name}\"");

    /// <summary>Octets of a fixed length (RFC 7518 section 6.2.1.2: coordinates are padded to the field's size).</summary>
    public byte[] Bytes(string name, int length)
        => Bytes(name) is { } bytes && bytes.Length == length
            ? bytes
            : throw new JoseException(JoseError.Malformed, $"The key's \"{name}\" is not {length} bytes long.");

    /// <summary>Base64urlUInt (RFC 7518 section 2): no leading zero bytes.</summary>
    public byte[] UInt(string name)
        => Bytes(name) is [not 0, ..] bytes
            ? bytes
            : throw new JoseException(JoseError.Malformed, $"The key's \"{name}\" is not a minimal unsigned integer.");

    private bool TryGet(string name, out JsonElement value) => json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
}
