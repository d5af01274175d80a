using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose;

/// <summary>
/// A JWS that is authenticated with a shared key (RFC 7518 3.2): an external account binding (RFC 8555 7.3.4) and nothing else. Apart from
/// <see cref="CompactJws"/>, so that no public key can ever be taken for a shared one (RFC 8725 2.1).
/// </summary>
public sealed class MacJws
{
    private const int MaxLength = 16384;

    private readonly string _algorithm;
    private readonly byte[] _signingInput;
    private readonly byte[] _mac;

    private MacJws(string algorithm, string keyId, string url, byte[] signingInput, byte[] payload, byte[] mac) =>
        (_algorithm, KeyId, Url, _signingInput, Payload, _mac) = (algorithm, keyId, url, signingInput, payload, mac);

    /// <summary>Names the shared key.</summary>
    public string KeyId { get; }

    public string Url { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>
    /// From the three parts of the serialization, each base64url. The header has exactly an "alg" (HS256, HS384 or HS512; another is
    /// <see cref="JoseError.AlgorithmNotAllowed"/>), a "kid" and a "url"; anything else is <see cref="JoseError.Malformed"/>.
    /// </summary>
    public static MacJws Parse(string header, string payload, string signature)
    {
        if (header.Length + payload.Length + signature.Length > MaxLength)
        {
            throw new JoseException(JoseError.Malformed, "The binding is too long.");
        }

        using var document = StrictJson.ParseObject(StrictBase64Url.Decode(header, "The binding's header"), "The binding's header");
        string? algorithm = null, keyId = null, url = null;
        foreach (var member in document.RootElement.EnumerateObject())
        {
            var value = StrictJson.String(member.Value, "A member of the binding's header");
            switch (member.Name)
            {
                case "alg":
                    algorithm = value is "HS256" or "HS384" or "HS512" ? value : throw new JoseException(JoseError.AlgorithmNotAllowed, "The binding's \"alg\" is none of HS256, HS384 and HS512.");
                    break;
                case "kid":
                    keyId = value;
                    break;
                case "url":
                    url = value;
                    break;
                default:
                    // RFC 8555 7.3.4: no nonce; RFC 7515 4.1.11: nothing critical.
                    throw new JoseException(JoseError.Malformed, "The binding's header has more than alg, kid and url.");
            }
        }

        return algorithm is not null && keyId is not null && url is not null
            ? new MacJws(
                algorithm, keyId, url, Encoding.ASCII.GetBytes($"{header}.{payload}"), StrictBase64Url.Decode(payload, "The binding's payload"), StrictBase64Url.Decode(signature, "The binding's MAC"))
            : throw new JoseException(JoseError.Malformed, "The binding's header has no alg, kid or url.");
    }

    /// <summary>In constant time.</summary>
    public bool Verify(ReadOnlySpan<byte> key) => CryptographicOperations.FixedTimeEquals(_mac, MacOf(key));

    private byte[] MacOf(ReadOnlySpan<byte> key) => _algorithm switch
    {
        "HS256" => HMACSHA256.HashData(key, _signingInput),
        "HS384" => HMACSHA384.HashData(key, _signingInput),
        _ => HMACSHA512.HashData(key, _signingInput),
    };
}
