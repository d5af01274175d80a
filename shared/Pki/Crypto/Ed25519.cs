using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Ed25519 signatures (RFC 8032), which the BCL lacks.</summary>
public static class Ed25519
{
    /// <summary>False when the signature is not right, or the key no Ed25519 key. Throws <see cref="PkiException"/> where the platform's library is missing.</summary>
    public static bool Verify(ReadOnlySpan<byte> subjectPublicKeyInfo, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            return SignatureVerifier.Verify(SignatureAlgorithm.Ed25519, PublicKeyInfo.Parse(subjectPublicKeyInfo), data, signature);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
