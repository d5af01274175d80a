namespace IoTPlatform.Jose;

/// <summary>A JWS whose form is right and whose signature is not yet checked.</summary>
public sealed class ParsedJws
{
    private readonly ReadOnlyMemory<byte> signingInput;
    private readonly ReadOnlyMemory<byte> signature;

    internal ParsedJws(JwsHeader header, ReadOnlyMemory<byte> signingInput, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature)
    {
        Header = header;
        Payload = payload;
        this.signingInput = signingInput;
        this.signature = signature;
    }

    public JwsHeader Header { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>True if the signature is right; <see cref="JoseError.AlgorithmNotAllowed"/> if "alg" is outside <paramref name="allowed"/> or not the key's.</summary>
    public bool Verify(VerificationKey key, AlgorithmSet allowed)
        => allowed.Allows(Header.Algorithm)
            ? key.Verify(Header.Algorithm, signingInput.Span, signature.Span)
            : throw new JoseException(JoseError.AlgorithmNotAllowed, "The token's \"alg\" is not allowed here.");
}
