using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Json;

/// <summary>Reads a protected header; refuses what would have to be understood and isn't.</summary>
internal static class JwsHeaderReader
{
    private const int MaxCertificates = 16;

    public static JwsHeader Read(ReadOnlyMemory<byte> utf8Json, bool allowMac = false)
    {
        using var document = StrictJson.ParseObject(utf8Json, "The token's header");
        string? algorithm = null, keyId = null, type = null, nonce = null, url = null;
        JsonWebKey? jwk = null;
        IReadOnlyList<byte[]>? x5c = null, x5cInsecure = null;
        foreach (var member in document.RootElement.EnumerateObject())
        {
            // First of all, whatever its value.
            if (member.NameEquals("crit"u8) || member.NameEquals("b64"u8))
            {
                // RFC 7515 section 4.1.11: we understand no extension, so any "crit" makes the token invalid; RFC 7797's b64 would come with it.
                throw new JoseException(JoseError.Malformed, "The token's header has critical extensions.");
            }

            // null is as good as absent, as in Go.
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            if (member.NameEquals("alg"u8))
            {
                algorithm = KnownAlgorithm(member.Value, allowMac);
            }
            else if (member.NameEquals("kid"u8))
            {
                keyId = StrictJson.String(member.Value, "The token's \"kid\"");
            }
            else if (member.NameEquals("typ"u8))
            {
                type = StrictJson.String(member.Value, "The token's \"typ\"");
            }
            else if (member.NameEquals("jwk"u8))
            {
                jwk = PublicKey(member.Value);
            }
            else if (member.NameEquals("nonce"u8))
            {
                nonce = StrictJson.String(member.Value, "The token's \"nonce\"");
            }
            else if (member.NameEquals("url"u8))
            {
                url = StrictJson.String(member.Value, "The token's \"url\"");
            }
            else if (member.NameEquals("x5c"u8))
            {
                x5c = Certificates(member.Value);
            }
            else if (member.NameEquals("x5cInsecure"u8))
            {
                x5cInsecure = Certificates(member.Value);
            }
        }

        return new JwsHeader
        {
            Algorithm = algorithm ?? throw new JoseException(JoseError.Malformed, "The token's header has no \"alg\"."),
            KeyId = keyId,
            Type = type,
            Jwk = jwk,
            Nonce = nonce,
            Url = url,
            X5c = x5c,
            X5cInsecure = x5cInsecure,
        };
    }

    private static string KnownAlgorithm(in JsonElement value, bool allowMac)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            if (allowMac && value.ValueEquals(ParsedJws.MacAlgorithm))
            {
                return ParsedJws.MacAlgorithm;
            }

            foreach (var algorithm in Keys.SignatureAlgorithm.All)
            {
                if (value.ValueEquals(algorithm.Name))
                {
                    return algorithm.Name;
                }
            }
        }

        throw new JoseException(JoseError.AlgorithmNotAllowed, "The token's \"alg\" is not a public-key signature algorithm.");
    }

    private static JsonWebKey PublicKey(in JsonElement value)
        => JsonWebKeyReader.Read(value) is { IsPrivate: false } key
            ? key
            : throw new JoseException(JoseError.Malformed, "The token's header contains a private key.");

    private static byte[][] Certificates(in JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxCertificates)
        {
            throw new JoseException(JoseError.Malformed, $"The token's certificate chain is not an array of 1 to {MaxCertificates}.");
        }

        return [.. value.EnumerateArray().Select(Certificate)];
    }

    // RFC 7515 section 4.1.6: ordinary base64, not base64url.
    private static byte[] Certificate(JsonElement value)
        => value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var der)
            ? der
            : throw new JoseException(JoseError.Malformed, "The token's certificate chain is not base64.");
}
