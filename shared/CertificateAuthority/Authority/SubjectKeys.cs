using System.Formats.Asn1;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

internal static class SubjectKeys
{
    /// <summary>The kind of a SubjectPublicKeyInfo. Throws <see cref="PkiError.UnsupportedKey"/> for any other.</summary>
    public static KeyKind KindOf(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        var algorithm = new AsnReader(subjectPublicKeyInfo, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        var kind = algorithm.ReadObjectIdentifier() switch
        {
            "1.2.840.10045.2.1" => algorithm.ReadObjectIdentifier() switch
            {
                "1.2.840.10045.3.1.7" => KeyKind.P256,
                "1.3.132.0.34" => KeyKind.P384,
                "1.3.132.0.35" => KeyKind.P521,
                _ => (KeyKind?)null,
            },
            "1.2.840.113549.1.1.1" => KeyKind.Rsa2048OrMore,
            "1.3.101.112" => KeyKind.Ed25519,
            _ => null,
        };
        return kind ?? throw new PkiException(PkiError.UnsupportedKey, "The certificate's key type is not supported.");
    }
}
