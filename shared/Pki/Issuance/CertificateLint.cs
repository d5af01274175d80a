using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
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

/// <summary>Lint of the extensions: exactly the ones the profile has, with the values and the criticality it has them with.</summary>
internal static class LintExtensions
{
    public static void Check(LintReport report, ParsedCertificate certificate, CertificateProfile profile, IssuerInfo issuer, KeyKind? key)
    {
        report.AddUnless(certificate.IsCa == profile.IsCa, "ca_flag", profile.IsCa ? "The certificate is no CA." : "The certificate is a CA.");
        report.AddUnless(!profile.IsCa || certificate.PathLength == profile.PathLength, "path_length", "The path length is not the profile's.");
        report.AddUnless(
            key is null || (certificate.KeyUsages ?? X509KeyUsageFlags.None) == profile.KeyUsagesFor(key.Value), "key_usage_mismatch", "The key usage is missing or not the profile's.");
        var usages = certificate.ExtendedKeyUsages.IsDefault ? [] : certificate.ExtendedKeyUsages;
        report.AddUnless(usages.AsSpan().SequenceEqual(profile.ExtendedKeyUsages.AsSpan()), "eku_mismatch", "The extended key usage is not the profile's.");
        // A template may have made the profile, and the certificate has just what it says.
        report.AddUnless(
            profile.IsCa || (profile.KeyUsages & (X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)) == X509KeyUsageFlags.None,
            "ca_key_usage", "Only a CA signs certificates and revocation lists.");
        report.AddUnless(
            profile.IsOcspResponder || !profile.ExtendedKeyUsages.Contains(Oids.OcspSigning), "ocsp_signing", "Only an OCSP responder has the extended key usage OCSPSigning.");
        report.AddUnless(!profile.ExtendedKeyUsages.Contains(Oids.AnyExtendedKeyUsage), "any_eku", "No certificate is for every usage.");
        report.AddUnless(
            issuer.IsSelf || (certificate.AuthorityKeyIdentifier is { } aki && aki.Span.SequenceEqual(issuer.SubjectKeyIdentifier.Span)),
            "authority_key_identifier", "The authority key identifier is missing or not the issuer's key.");
        report.AddUnless(
            profile.RequiresNameConstraints == certificate.NameConstraints is not null,
            "name_constraints", profile.RequiresNameConstraints ? "Name constraints are missing." : "There are name constraints where none belong.");

        var hasNoCheck = false;
        foreach (var extension in certificate.Extensions)
        {
            hasNoCheck |= extension.Kind == ExtensionKind.OcspNoCheck;
            if (CertificateContents.IsFurther(extension) && !(profile.IsCa && extension.Kind == ExtensionKind.BasicConstraints))
            {
                report.AddUnless(
                    profile.FurtherExtensions.Contains(extension.DottedOid) && (extension.Kind == ExtensionKind.Unknown || extension.IsCritical),
                    "unexpected_extension", "There is an extension the profile does not have.");
            }
            else if (extension.IsCritical != MustBeCritical(extension.Kind, certificate))
            {
                report.Add("criticality", $"{extension.Kind} is {(extension.IsCritical ? "critical" : "not critical")}.");
            }
        }

        report.AddUnless(
            hasNoCheck == profile.IsOcspResponder,
            "ocsp_no_check", profile.IsOcspResponder ? "The extension ocsp-nocheck is missing." : "Only an OCSP responder has the extension ocsp-nocheck.");
    }

    private static bool MustBeCritical(ExtensionKind kind, ParsedCertificate certificate) => kind switch
    {
        ExtensionKind.KeyUsage or ExtensionKind.BasicConstraints or ExtensionKind.NameConstraints => true,
        ExtensionKind.SubjectAltName => certificate.Names.CommonName is null && !certificate.HasOtherSubjectAttributes,
        _ => false,
    };
}

/// <summary>Lint of the names: their form, the profile's rules and the issuer's constraints.</summary>
internal static class LintNames
{
    public static void Check(LintReport report, ParsedCertificate certificate, CertificateProfile profile, IssuerInfo issuer)
    {
        report.AddUnless(profile.AllowsSubjectAttributes || !certificate.HasOtherSubjectAttributes, "subject_attributes", "The subject has attributes beside the common name.");
        report.AddUnless(!certificate.HasOtherNameKinds, "other_name", "There is an alternative name that is no DNS, IP, e-mail or URI name.");
        if (certificate.Names.FindViolation() is { } form)
        {
            report.Add("name_form", form);
        }

        if (NameRules.FindViolation(profile, certificate.Names) is { } rule)
        {
            report.Add("name_rule", rule);
        }

        if (issuer.NameConstraints is { } constraints && !constraints.Permits(certificate.Names, out _))
        {
            report.Add("issuer_name_constraints", "A name is not permitted by the issuer's name constraints.");
        }
    }
}
