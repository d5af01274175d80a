using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>
/// CertificationRequest (RFC 2986 4) as the field's devices encode it: read tolerantly, because nothing of it is copied into a certificate
/// but the key, and that in our own encoding. Sizes, doubles, keys, algorithms and names are judged as strictly as ever.
/// </summary>
internal static class CsrParser
{
    // RFC 2986 has version 0 only; encoders that count as certificates do say 1 or 2.
    private const int MaxVersion = 2;

    internal static readonly Asn1Tag AttributesTag = new(TagClass.ContextSpecific, 0);

    public static CertificateSigningRequest Parse(ReadOnlyMemory<byte> der, int maxBytes, bool isVerified = false)
    {
        if (der.Length > maxBytes)
        {
            throw TooLarge(maxBytes);
        }

        try
        {
            return ParseTolerant(der.Span, isVerified);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, $"The certificate signing request is malformed: {e.Message}", e);
        }
    }

    public static PkiException TooLarge(int maxBytes) =>
        new(PkiError.TooLarge, $"The certificate signing request is larger than {maxBytes} bytes.");

    private static CertificateSigningRequest ParseTolerant(ReadOnlySpan<byte> der, bool isVerified)
    {
        var outer = new DerReader(der, tolerant: true);
        var request = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var signed = request.ReadEncoded();
        var algorithm = SignatureAlgorithms.Read(ref request);
        var signature = request.ReadBitString();
        request.ThrowIfNotEmpty();

        var info = new DerReader(signed, tolerant: true).ReadSequence();
        if (info.ReadSmallInteger() > MaxVersion)
        {
            throw new AsnContentException("The version is unknown.");
        }

        // With several common names it is the last that counts, as in Go and so in step-ca.
        var commonName = ForeignName.Read(ref info).CommonNames.LastOrDefault();
        var foreignKey = info.ReadEncoded();
        var attributes = CsrAttributes.Read(info.HasData ? info.ReadSetOf(AttributesTag) : info, commonName);
        info.ThrowIfNotEmpty();

        var key = PublicKeyInfo.Parse(foreignKey, tolerant: true);
        attributes.Names.Validate();
        if (!isVerified && !SignatureVerifier.Verify(algorithm, key, signed, signature))
        {
            throw new PkiException(PkiError.BadSignature, "The certificate signing request's signature does not verify.");
        }

        var spki = key.Encode();
        return new CertificateSigningRequest
        {
            Der = der.ToArray(),
            SubjectPublicKeyInfo = spki,
            Key = key.Kind,
            SubjectPublicKeyInfoSha256 = SHA256.HashData(spki),
            Names = attributes.Names,
            RequestsCa = attributes.RequestsCa,
        };
    }
}
