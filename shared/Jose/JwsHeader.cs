using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose;

/// <summary>
/// A protected JWS header (RFC 7515 section 4.1; nonce and url: RFC 8555 section 6). Nothing in it is trusted: a key in it
/// proves only that the sender holds that key.
/// </summary>
public sealed class JwsHeader
{
    public required string Algorithm { get; init; }

    public string? KeyId { get; init; }

    public string? Type { get; init; }

    public JsonWebKey? Jwk { get; init; }

    public string? Nonce { get; init; }

    public string? Url { get; init; }

    /// <summary>DER certificates, leaf first.</summary>
    public IReadOnlyList<byte[]>? X5c { get; init; }

    /// <summary>step's renewal token: as <see cref="X5c"/>, under a name other libraries don't act on.</summary>
    public IReadOnlyList<byte[]>? X5cInsecure { get; init; }
}

/// <summary>A JWS whose form is right and whose signature is not yet checked.</summary>
public sealed class ParsedJws
{
    internal const string MacAlgorithm = "HS256";

    private readonly ReadOnlyMemory<byte> _signingInput;
    private readonly ReadOnlyMemory<byte> _signature;

    internal ParsedJws(JwsHeader header, ReadOnlyMemory<byte> signingInput, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature)
    {
        Header = header;
        Payload = payload;
        _signingInput = signingInput;
        _signature = signature;
    }

    public JwsHeader Header { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>True if the signature is right; <see cref="JoseError.AlgorithmNotAllowed"/> if "alg" is outside <paramref name="allowed"/> or not the key's.</summary>
    public bool Verify(VerificationKey key, AlgorithmSet allowed)
        => allowed.Allows(Header.Algorithm)
            ? key.Verify(Header.Algorithm, _signingInput.Span, _signature.Span)
            : throw new JoseException(JoseError.AlgorithmNotAllowed, "The token's \"alg\" is not allowed here.");

    /// <summary>True if the MAC is right (RFC 7518 3.2), compared in constant time; <see cref="JoseError.AlgorithmNotAllowed"/> unless "alg" is HS256.</summary>
    public bool VerifyMac(ReadOnlySpan<byte> key)
        => Header.Algorithm == MacAlgorithm
            ? CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, _signingInput.Span), _signature.Span)
            : throw new JoseException(JoseError.AlgorithmNotAllowed, "The token's \"alg\" is not HS256.");
}
