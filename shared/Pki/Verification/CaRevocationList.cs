using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>A CRL (RFC 5280 5) that says which CA certificates of its issuer are revoked. Reading judges the form; who signed it is asked with <see cref="IsSignedBy"/>.</summary>
internal sealed record CaRevocationList
{
    public const int MaxBytes = 1024 * 1024;

    public required ReadOnlyMemory<byte> Der { get; init; }

    public required DateTimeOffset ThisUpdate { get; init; }

    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>cRLNumber (RFC 5280 5.2.3).</summary>
    public required long Number { get; init; }

    /// <summary>In hex.</summary>
    public required IReadOnlySet<string> Serials { get; init; }

    /// <summary>DER Name.</summary>
    public required ReadOnlyMemory<byte> Issuer { get; init; }

    public required ReadOnlyMemory<byte> Tbs { get; init; }

    public required SignatureAlgorithm Algorithm { get; init; }

    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Throws <see cref="PkiException"/> for anything but a CRL of this scope.</summary>
    public static CaRevocationList Parse(ReadOnlyMemory<byte> der, RevocationListScope scope)
    {
        if (der.Length > MaxBytes)
        {
            throw new PkiException(PkiError.TooLarge, $"The revocation list is larger than {MaxBytes} bytes.");
        }

        try
        {
            return CaRevocationListReader.Read(der, scope);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The revocation list is not valid DER.", e);
        }
    }

    /// <summary>The CA must be allowed to sign lists (RFC 5280 6.3.3 f).</summary>
    public bool IsSignedBy(ParsedCertificate ca) =>
        ca.KeyUsages?.HasFlag(X509KeyUsageFlags.CrlSign) != false && ca.IsCa && ca.Subject.Span.SequenceEqual(Issuer.Span)
        && SignatureVerifier.Verify(Algorithm, PublicKeyInfo.Parse(ca.SubjectPublicKeyInfo.Span), Tbs.Span, Signature.Span);

    /// <summary>Serial numbers are the issuer's own: ask only for certificates of the CA that signed the list.</summary>
    public bool Contains(ParsedCertificate certificate) => certificate.Issuer.Span.SequenceEqual(Issuer.Span) && Serials.Contains(Convert.ToHexString(certificate.SerialNumber.Span));
}

/// <summary>What a list says of itself (RFC 5280 5.2.5).</summary>
internal enum RevocationListScope
{
    /// <summary>onlyContainsCACerts.</summary>
    CaCertificates,

    /// <summary>No issuingDistributionPoint: every certificate of its issuer.</summary>
    Complete,
}
