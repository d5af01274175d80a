namespace IoTPlatform.Jose;

/// <summary>A JWS whose form is right and whose signature is not yet checked.</summary>
public sealed class ParsedJws
{
    public JwsHeader Header => throw new NotImplementedException();

    public ReadOnlyMemory<byte> Payload => throw new NotImplementedException();

    /// <summary>True if the signature is right; <see cref="JoseError.AlgorithmNotAllowed"/> if "alg" is outside <paramref name="allowed"/> or not the key's.</summary>
    public bool Verify(VerificationKey key, AlgorithmSet allowed) => throw new NotImplementedException();
}
