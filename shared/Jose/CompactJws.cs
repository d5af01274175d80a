namespace IoTPlatform.Jose;

/// <summary>JWS compact serialization, RFC 7515 section 7.1.</summary>
public static class CompactJws
{
    /// <summary>
    /// Exactly three parts, strict base64url without padding, no duplicate header members, no "crit", no "b64".
    /// Anything else, or more than <paramref name="maxLength"/> characters, is <see cref="JoseError.Malformed"/>.
    /// </summary>
    public static ParsedJws Parse(ReadOnlySpan<char> token, int maxLength = 16384) => throw new NotImplementedException();

    /// <summary>Signs. "alg" (and "kid", if the key has one and the header none) come from the key.</summary>
    public static string Sign(IReadOnlyDictionary<string, object> header, ReadOnlySpan<byte> payload, ISignatureKey key)
        => throw new NotImplementedException();
}
