using IoTPlatform.Jose;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A CA key as JWS signer; the key itself refuses anything that could be a certificate.</summary>
internal sealed class CaKeySignature(CaKey key) : ISignatureKey
{
    public string Algorithm => key.ProofAlgorithm;

    public string? KeyId => null;

    public byte[] Sign(ReadOnlySpan<byte> data) => key.SignProof(data);
}
