namespace IoTPlatform.Pki;

/// <summary>Lint of the names: their form, the profile's rules and the issuer's constraints.</summary>
internal static class LintNames
{
    public static void Check(LintReport report, ParsedCertificate certificate, CertificateProfile profile, IssuerInfo issuer)
    {
        report.AddUnless(!certificate.HasOtherSubjectAttributes, "subject_attributes", "The subject has attributes beside the common name.");
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
