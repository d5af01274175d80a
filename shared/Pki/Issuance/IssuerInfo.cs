using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>What issuing, lint and direct-issuer checks need to know of an issuer, read once from its certificate.</summary>
public sealed class IssuerInfo
{
    private IssuerInfo() { }

    /// <summary>The subject Name, DER, byte for byte what goes into the issuer field.</summary>
    public ReadOnlyMemory<byte> SubjectName { get; private init; }

    public ReadOnlyMemory<byte> SubjectKeyIdentifier { get; private init; }

    /// <summary>The subject key identifier in lower-case hex, as rows, files and addresses have it.</summary>
    public string KeyId => Convert.ToHexStringLower(SubjectKeyIdentifier.Span);

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; private init; }

    public KeyKind Key { get; private init; }

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    public int? PathLength { get; private init; }

    public NameConstraints? NameConstraints { get; private init; }

    /// <summary>The issuer of a certificate under its own key.</summary>
    internal bool IsSelf { get; private init; }

    /// <summary>Throws <see cref="PkiError.NotACertificateAuthority"/> unless the certificate may sign certificates.</summary>
    public static IssuerInfo FromCertificate(X509Certificate2 certificate) => FromCertificate(ParsedCertificate.Parse(certificate.RawDataMemory.ToArray()));

    public static IssuerInfo FromCertificate(ParsedCertificate certificate)
    {
        if (!certificate.IsCa || certificate.KeyUsages?.HasFlag(X509KeyUsageFlags.KeyCertSign) == false)
        {
            throw new PkiException(PkiError.NotACertificateAuthority, "The certificate is not one of a certificate authority.");
        }

        var key = ReadKey(certificate.SubjectPublicKeyInfo.Span);
        return new IssuerInfo
        {
            SubjectName = certificate.Subject,
            SubjectKeyIdentifier = certificate.SubjectKeyIdentifier ?? KeyIdentifier.Of(key),
            SubjectPublicKeyInfo = certificate.SubjectPublicKeyInfo,
            Key = key.Kind,
            NotBefore = certificate.NotBefore,
            NotAfter = certificate.NotAfter,
            PathLength = certificate.PathLength,
            NameConstraints = certificate.NameConstraints,
        };
    }

    /// <summary>
    /// This issuer, and no CA in between, signed the certificate: issuer name, key identifier (where there is one) and signature. Dates and
    /// revocation are not looked at.
    /// </summary>
    public bool HasSigned(ParsedCertificate certificate)
    {
        if (!certificate.Issuer.Span.SequenceEqual(SubjectName.Span)
            || (certificate.AuthorityKeyIdentifier is { } identifier && !identifier.Span.SequenceEqual(SubjectKeyIdentifier.Span)))
        {
            return false;
        }

        return SignatureVerifier.Verify(
            certificate.SignatureAlgorithm, ReadKey(SubjectPublicKeyInfo.Span), certificate.TbsCertificate.Span, certificate.Signature.Span);
    }

    /// <summary>The issuer a root is to itself.</summary>
    internal static IssuerInfo ForSelf(CertificateTemplate template)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        DistinguishedName.Write(writer, template.Names.CommonName);
        var key = ReadKey(template.SubjectPublicKeyInfo.Span);
        return new IssuerInfo
        {
            SubjectName = writer.Encode(),
            SubjectKeyIdentifier = KeyIdentifier.Of(key),
            SubjectPublicKeyInfo = template.SubjectPublicKeyInfo,
            Key = key.Kind,
            NotBefore = template.NotBefore,
            NotAfter = template.NotAfter,
            IsSelf = true,
        };
    }

    private static PublicKeyInfo ReadKey(ReadOnlySpan<byte> spki)
    {
        try
        {
            return PublicKeyInfo.Parse(spki);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The public key is not valid DER.", e);
        }
    }
}
