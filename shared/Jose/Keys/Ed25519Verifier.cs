namespace IoTPlatform.Jose.Keys;

internal sealed class Ed25519Verifier(Ed25519Check check) : IVerifier
{
    private const int SignatureLength = 64;

    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
        => signature.Length == SignatureLength && check(data, signature);

    public void Dispose() { }
}
