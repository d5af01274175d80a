namespace IoTPlatform.Jose;

/// <summary>An allow-list of JWS algorithms. "none" and the HMAC algorithms can never be members.</summary>
public sealed class AlgorithmSet
{
    /// <summary>ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512.</summary>
    public static AlgorithmSet Signatures => throw new NotImplementedException();

    /// <summary>A smaller set; throws <see cref="ArgumentException"/> for anything outside <see cref="Signatures"/>.</summary>
    public static AlgorithmSet Of(params ReadOnlySpan<string> algorithms) => throw new NotImplementedException();

    public bool Allows(string algorithm) => throw new NotImplementedException();
}
