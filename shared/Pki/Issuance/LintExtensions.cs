namespace IoTPlatform.Pki;

/// <summary>Lint of the extensions: exactly the ones the profile has, with the values and the criticality it has them with.</summary>
internal static class LintExtensions
{
    public static void Check(LintReport report, ParsedCertificate certificate, CertificateProfile profile, IssuerInfo issuer, KeyKind? key)
    {
        report.AddUnless(certificate.IsCa == profile.IsCa, "ca_flag", profile.IsCa ? "The certificate is no CA." : "The certificate is a CA.");
        report.AddUnless(!profile.IsCa || certificate.PathLength == profile.PathLength, "path_length", "The path length is not the profile's.");
        report.AddUnless(
            key is null || certificate.KeyUsages == profile.KeyUsagesFor(key.Value), "key_usage_mismatch", "The key usage is missing or not the profile's.");
        var usages = certificate.ExtendedKeyUsages.IsDefault ? [] : certificate.ExtendedKeyUsages;
        report.AddUnless(usages.AsSpan().SequenceEqual(profile.ExtendedKeyUsages.AsSpan()), "eku_mismatch", "The extended key usage is not the profile's.");
        report.AddUnless(
            issuer.IsSelf || (certificate.AuthorityKeyIdentifier is { } aki && aki.Span.SequenceEqual(issuer.SubjectKeyIdentifier.Span)),
            "authority_key_identifier", "The authority key identifier is missing or not the issuer's key.");
        report.AddUnless(
            profile.RequiresNameConstraints == certificate.NameConstraints is not null,
            "name_constraints", profile.RequiresNameConstraints ? "Name constraints are missing." : "There are name constraints where none belong.");

        foreach (var extension in certificate.Extensions)
        {
            if (extension.Kind == ExtensionKind.Unknown || (extension.Kind == ExtensionKind.BasicConstraints && !profile.IsCa))
            {
                report.Add("unexpected_extension", "There is an extension the profile does not have.");
            }
            else if (extension.IsCritical != MustBeCritical(extension.Kind, certificate))
            {
                report.Add("criticality", $"{extension.Kind} is {(extension.IsCritical ? "critical" : "not critical")}.");
            }
        }
    }

    private static bool MustBeCritical(ExtensionKind kind, ParsedCertificate certificate) => kind switch
    {
        ExtensionKind.KeyUsage or ExtensionKind.BasicConstraints or ExtensionKind.NameConstraints => true,
        ExtensionKind.SubjectAltName => certificate.Names.CommonName is null,
        _ => false,
    };
}
