using System.Security.Cryptography;

namespace IoTPlatform.Jose.Keys;

internal sealed class EcVerifier(ECDsa key, EcCurve curve) : IVerifier
{
    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
        => signature.Length == curve.SignatureLength
            && key.VerifyData(data, signature, curve.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public void Dispose() => key.Dispose();
}
