using System.Buffers;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose.Json;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose;

/// <summary>JWS compact serialization, RFC 7515 section 7.1.</summary>
public static class CompactJws
{
    /// <summary>
    /// Exactly three parts, strict base64url without padding, no duplicate header members, no "crit", no "b64".
    /// Anything else, or more than <paramref name="maxLength"/> characters, is <see cref="JoseError.Malformed"/>; an "alg"
    /// outside <see cref="AlgorithmSet.Signatures"/> is <see cref="JoseError.AlgorithmNotAllowed"/>.
    /// </summary>
    /// <param name="token">In compact serialization.</param>
    /// <param name="maxLength">In characters.</param>
    /// <param name="allowMac">Also HS256. Such a token is good for <see cref="ParsedJws.VerifyMac"/> alone: no public key verifies it (RFC 8725 2.1).</param>
    public static ParsedJws Parse(ReadOnlySpan<char> token, int maxLength = 16384, bool allowMac = false)
    {
        if (token.Length > maxLength)
        {
            throw new JoseException(JoseError.Malformed, "The token is too long.");
        }

        var headerEnd = token.IndexOf('.');
        var payloadEnd = token.LastIndexOf('.');
        if (headerEnd <= 0 || payloadEnd == headerEnd)
        {
            throw new JoseException(JoseError.Malformed, "The token does not have three parts.");
        }

        var header = ReadHeader(token[..headerEnd], allowMac);
        var payload = token[(headerEnd + 1)..payloadEnd];
        var signature = token[(payloadEnd + 1)..];
        if (signature.IsEmpty)
        {
            throw new JoseException(JoseError.Malformed, "The token has no signature.");
        }

        // One array for the signing input, the payload and the signature.
        var payloadLength = StrictBase64Url.DecodedLength(payload.Length);
        var bytes = new byte[payloadEnd + payloadLength + StrictBase64Url.DecodedLength(signature.Length)];
        StrictBase64Url.Decode(payload, bytes.AsSpan(payloadEnd), "The token's payload");
        StrictBase64Url.Decode(signature, bytes.AsSpan(payloadEnd + payloadLength), "The token's signature");
        Encoding.ASCII.GetBytes(token[..payloadEnd], bytes);
        return new ParsedJws(
            header,
            bytes.AsMemory(0, payloadEnd),
            bytes.AsMemory(payloadEnd, payloadLength),
            bytes.AsMemory(payloadEnd + payloadLength));
    }

    /// <summary>Signs. "alg" (and "kid", if the key has one and the header none) come from the key. A <see cref="JsonWebKey"/> value is written as its public part.</summary>
    public static string Sign(IReadOnlyDictionary<string, object> header, ReadOnlySpan<byte> payload, ISignatureKey key)
    {
        var signingInput = $"{StrictBase64Url.Encode(WriteHeader(header, key))}.{StrictBase64Url.Encode(payload)}";
        return $"{signingInput}.{StrictBase64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(signingInput)))}";
    }

    private static JwsHeader ReadHeader(ReadOnlySpan<char> encoded, bool allowMac)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(StrictBase64Url.DecodedLength(encoded.Length));
        try
        {
            return JwsHeaderReader.Read(buffer.AsMemory(0, StrictBase64Url.Decode(encoded, buffer, "The token's header")), allowMac);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ReadOnlySpan<byte> WriteHeader(IReadOnlyDictionary<string, object> header, ISignatureKey key)
    {
        if (header.Keys.FirstOrDefault(name => name is "alg" or "crit" or "b64") is { } name)
        {
            throw new ArgumentException($"\"{name}\" can't be set.", nameof(header));
        }

        var buffer = new ArrayBufferWriter<byte>(128);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteString("alg", key.Algorithm);
        if (key.KeyId is { } kid && !header.ContainsKey("kid"))
        {
            writer.WriteString("kid", kid);
        }

        foreach (var (member, value) in header)
        {
            writer.WritePropertyName(member);
            if (value is JsonWebKey jwk)
            {
                writer.WriteRawValue(jwk.ToJson());
            }
            else
            {
                JsonSerializer.Serialize(writer, value);
            }
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan;
    }
}
