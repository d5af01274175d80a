namespace IoTPlatform.Jose.Keys;

/// <summary>One native public key. Not for concurrent use.</summary>
internal interface IVerifier : IDisposable
{
    bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);
}
