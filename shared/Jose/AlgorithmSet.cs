using IoTPlatform.Jose.Keys;

namespace IoTPlatform.Jose;

/// <summary>An allow-list of JWS algorithms. "none" and the HMAC algorithms can never be members.</summary>
public sealed class AlgorithmSet
{
    private readonly string[] _names;

    private AlgorithmSet(string[] names) => _names = names;

    /// <summary>ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA: one for every kind of key that is certified.</summary>
    public static AlgorithmSet Signatures { get; } = new([.. SignatureAlgorithm.All.Select(algorithm => algorithm.Name)]);

    /// <summary>A smaller set; throws <see cref="ArgumentException"/> for anything outside <see cref="Signatures"/>.</summary>
    public static AlgorithmSet Of(params ReadOnlySpan<string> algorithms)
    {
        foreach (var algorithm in algorithms)
        {
            if (!SignatureAlgorithm.Exists(algorithm))
            {
                throw new ArgumentException($"{algorithm} is not a public-key signature algorithm.", nameof(algorithms));
            }
        }

        return new AlgorithmSet([.. algorithms]);
    }

    public bool Allows(string algorithm) => Array.IndexOf(_names, algorithm) >= 0;
}
