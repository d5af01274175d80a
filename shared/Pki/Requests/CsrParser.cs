using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>CertificationRequest (RFC 2986 4) from strict DER.</summary>
internal static class CsrParser
{
    private static readonly Asn1Tag AttributesTag = new(TagClass.ContextSpecific, 0);

    public static CertificateSigningRequest Parse(ReadOnlyMemory<byte> der, int maxBytes)
    {
        if (der.Length > maxBytes)
        {
            throw TooLarge(maxBytes);
        }

        try
        {
            return ParseStrict(der.Span);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The certificate signing request is not valid DER.", e);
        }
    }

    public static PkiException TooLarge(int maxBytes) =>
        new(PkiError.TooLarge, $"The certificate signing request is larger than {maxBytes} bytes.");

    private static CertificateSigningRequest ParseStrict(ReadOnlySpan<byte> der)
    {
        var outer = new DerReader(der);
        var request = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var signed = request.ReadEncoded();
        var algorithm = SignatureAlgorithms.Read(ref request);
        var signature = request.ReadBitString();
        request.ThrowIfNotEmpty();

        var info = new DerReader(signed).ReadSequence();
        if (info.ReadSmallInteger() != 0)
        {
            throw new AsnContentException("The request is not version 1.");
        }

        var commonName = DistinguishedName.Read(ref info, out _);
        var spki = info.ReadEncoded();
        var attributes = CsrAttributes.Read(info.ReadSetOf(AttributesTag), commonName);
        info.ThrowIfNotEmpty();

        var key = PublicKeyInfo.Parse(spki);
        attributes.Names.Validate();
        if (!SignatureVerifier.Verify(algorithm, key, signed, signature))
        {
            throw new PkiException(PkiError.BadSignature, "The certificate signing request's signature does not verify.");
        }

        var copy = der.ToArray();
        return new CertificateSigningRequest
        {
            Der = copy,
            SubjectPublicKeyInfo = copy.AsMemory(OffsetOf(der, spki), spki.Length),
            Key = key.Kind,
            SubjectPublicKeyInfoSha256 = SHA256.HashData(spki),
            Names = attributes.Names,
            RequestsCa = attributes.RequestsCa,
        };
    }

    private static int OffsetOf(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> part)
    {
        whole.Overlaps(part, out var offset);
        return offset;
    }
}
