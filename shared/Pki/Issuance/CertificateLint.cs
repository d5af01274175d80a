using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Checks a finished certificate against its profile and issuer, from its bytes alone.</summary>
public static class CertificateLint
{
    private const int MinSerialBytes = 8;

    /// <summary>All findings, none for a good certificate; bytes that don't parse are one finding <c>malformed</c>. Does not verify the signature.</summary>
    public static IReadOnlyList<LintFinding> Check(ReadOnlyMemory<byte> certificateDer, CertificateProfile profile, IssuerInfo issuer)
    {
        ParsedCertificate certificate;
        try
        {
            certificate = ParsedCertificate.Parse(certificateDer);
        }
        catch (PkiException e)
        {
            return [new LintFinding("malformed", e.Message)];
        }

        var report = new LintReport();
        CheckFrame(report, certificate, profile, issuer);
        var key = CheckKey(report, certificate, profile);
        LintExtensions.Check(report, certificate, profile, issuer, key);
        LintNames.Check(report, certificate, profile, issuer);
        return report.Findings;
    }

    private static void CheckFrame(LintReport report, ParsedCertificate certificate, CertificateProfile profile, IssuerInfo issuer)
    {
        report.AddUnless(
            SerialNumber.IsValid(certificate.SerialNumber.Span) && certificate.SerialNumber.Length >= MinSerialBytes,
            "serial_number", "The serial number is not positive, or not of 8 to 20 octets (RFC 5280 4.1.2.2).");
        report.AddUnless(
            certificate.SignatureAlgorithm == SignatureAlgorithms.ForIssuer(issuer.Key),
            "signature_algorithm", "The signature algorithm does not fit the issuer's key.");
        report.AddUnless(
            certificate.Issuer.Span.SequenceEqual(issuer.SubjectName.Span), "issuer_name", "The issuer field is not the issuer's subject, byte for byte.");
        report.AddUnless(certificate.NotBefore < certificate.NotAfter, "validity_order", "The certificate ends before it begins.");
        report.AddUnless(
            certificate.NotAfter - certificate.NotBefore <= profile.MaxLifetime + CertificateProfile.Backdate,
            "lifetime_too_long", "The certificate lives longer than its profile allows.");
        report.AddUnless(certificate.NotAfter <= issuer.NotAfter, "outlives_issuer", "The certificate outlives its issuer.");
        report.AddUnless(
            issuer.IsSelf || issuer.PathLength is null || issuer.PathLength >= profile.MinIssuerPathLength,
            "issuer_path_length", "The issuer may not issue certificates of this profile.");
    }

    private static KeyKind? CheckKey(LintReport report, ParsedCertificate certificate, CertificateProfile profile)
    {
        try
        {
            var key = PublicKeyInfo.Parse(certificate.SubjectPublicKeyInfo.Span);
            report.AddUnless(profile.Allows(key.Kind), "key_kind", "The profile does not allow this kind of key.");
            Span<byte> identifier = stackalloc byte[KeyIdentifier.Bytes];
            KeyIdentifier.Write(key, identifier);
            report.AddUnless(
                certificate.SubjectKeyIdentifier is { } ski && ski.Span.SequenceEqual(identifier),
                "subject_key_identifier", "The subject key identifier is missing or not that of the key.");
            return key.Kind;
        }
        catch (PkiException e)
        {
            report.Add("weak_key", e.Message);
        }
        catch (AsnContentException)
        {
            report.Add("weak_key", "The public key is not valid DER.");
        }

        return null;
    }
}
