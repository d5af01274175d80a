using System.Security.Cryptography;

namespace IoTPlatform.Jose.Keys;

internal sealed class RsaVerifier(RSA key) : IVerifier
{
    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
        => signature.Length == (key.KeySize + 7) / 8
            && key.VerifyData(data, signature, algorithm.Hash, algorithm.Padding!);

    public void Dispose() => key.Dispose();
}
