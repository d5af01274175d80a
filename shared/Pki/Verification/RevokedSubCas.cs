using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>
/// The provider's list of revoked Sub-CAs: a CRL of the Intermediate CA for CA certificates only (RFC 5280 5, 5.2.5). Reading judges the
/// form; who signed it is asked with <see cref="IsSignedBy"/>.
/// </summary>
public sealed class RevokedSubCas
{
    internal const int MaxBytes = 1024 * 1024;
    private readonly HashSet<string> _serials;
    private readonly ReadOnlyMemory<byte> _issuer;
    private readonly ReadOnlyMemory<byte> _tbs;
    private readonly ReadOnlyMemory<byte> _signature;
    private readonly SignatureAlgorithm _algorithm;

    internal RevokedSubCas(
        ReadOnlyMemory<byte> der, ReadOnlyMemory<byte> tbs, ReadOnlyMemory<byte> issuer, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> signature, HashSet<string> serials)
    {
        Der = der;
        _tbs = tbs;
        _issuer = issuer;
        _algorithm = algorithm;
        _signature = signature;
        _serials = serials;
    }

    public ReadOnlyMemory<byte> Der { get; }

    public DateTimeOffset ThisUpdate { get; internal init; }

    /// <summary>Until when there is a newer one at the latest.</summary>
    public DateTimeOffset NextUpdate { get; internal init; }

    /// <summary>cRLNumber (RFC 5280 5.2.3): grows with every list.</summary>
    public long Number { get; internal init; }

    /// <summary>These serial numbers and no others.</summary>
    public bool HasExactly(IEnumerable<ReadOnlyMemory<byte>> serialNumbers) => _serials.SetEquals(serialNumbers.Select(s => Convert.ToHexString(s.Span)));

    /// <summary>Throws <see cref="PkiException"/> for anything but a CRL for CA certificates only.</summary>
    public static RevokedSubCas Parse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > MaxBytes)
        {
            throw new PkiException(PkiError.TooLarge, $"The revocation list is larger than {MaxBytes} bytes.");
        }

        try
        {
            return RevokedSubCasReader.Read(der);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The revocation list is not valid DER.", e);
        }
    }

    /// <summary>The CA must be allowed to sign lists (RFC 5280 6.3.3 f).</summary>
    public bool IsSignedBy(ParsedCertificate intermediate)
    {
        if (intermediate.KeyUsages?.HasFlag(System.Security.Cryptography.X509Certificates.X509KeyUsageFlags.CrlSign) == false
            || !intermediate.IsCa || !intermediate.Subject.Span.SequenceEqual(_issuer.Span))
        {
            return false;
        }

        return SignatureVerifier.Verify(_algorithm, PublicKeyInfo.Parse(intermediate.SubjectPublicKeyInfo.Span), _tbs.Span, _signature.Span);
    }

    /// <summary>Serial numbers are the issuer's own: ask only for certificates of the CA that signed the list.</summary>
    public bool Contains(ParsedCertificate certificate) => certificate.Issuer.Span.SequenceEqual(_issuer.Span) && _serials.Contains(Convert.ToHexString(certificate.SerialNumber.Span));
}
