using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Everything about a certificate to be issued except serial number, issuer and signature.</summary>
public sealed record CertificateTemplate
{
    public required CertificateProfile Profile { get; init; }

    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    public required KeyKind Key { get; init; }

    public required SubjectNames Names { get; init; }

    /// <summary>UTC, whole seconds: fractions are cut off.</summary>
    public required DateTimeOffset NotBefore { get; init => field = WholeSeconds(value); }

    /// <summary>UTC, whole seconds: fractions are cut off.</summary>
    public required DateTimeOffset NotAfter { get; init => field = WholeSeconds(value); }

    public NameConstraints? NameConstraints { get; init; }

    /// <summary>Where the certificate's revocation can be asked for; null: the certificate names no such place.</summary>
    public ValidationAddress? Validation { get; init; }

    public StepProvisionerExtension? StepProvisioner { get; init; }

    /// <summary>Null: nothing beside the names and what the profile has.</summary>
    public CertificateContents? Contents { get; init; }

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}

/// <summary>What is asked of a template before anything is built; each refusal has its own error, unlike lint's.</summary>
internal static class TemplateRules
{
    public static void Check(CertificateTemplate template, IssuerInfo issuer)
    {
        var profile = template.Profile;
        CheckKey(template);
        template.Names.Validate();
        if (NameRules.FindViolation(profile, template.Names) is { } violation)
        {
            throw new PkiException(PkiError.NameNotAllowed, violation);
        }

        if (issuer.NameConstraints is { } constraints && !constraints.Permits(template.Names, out var name))
        {
            throw new PkiException(PkiError.NameNotAllowed, $"The issuer's name constraints do not permit {name}.");
        }

        if (template.NotAfter <= template.NotBefore || template.NotAfter - template.NotBefore > profile.MaxLifetime + CertificateProfile.Backdate)
        {
            throw new PkiException(PkiError.ProfileViolation, $"The profile '{profile.Name}' allows a lifetime of at most {profile.MaxLifetime}.");
        }

        if (template.NotAfter > issuer.NotAfter)
        {
            throw new PkiException(PkiError.OutlivesIssuer, $"The certificate would outlive its issuer, which ends at {issuer.NotAfter.UtcDateTime:u}.");
        }

        if (!issuer.IsSelf && issuer.PathLength < profile.MinIssuerPathLength)
        {
            throw new PkiException(PkiError.ProfileViolation, $"This issuer may not issue certificates of the profile '{profile.Name}'.");
        }

        if (template.Contents is { } contents)
        {
            ContentsRules.Check(contents, profile, template.Names);
        }

        if (profile.RequiresNameConstraints != template.NameConstraints is not null)
        {
            throw new PkiException(PkiError.ProfileViolation, $"The profile '{profile.Name}' {(profile.RequiresNameConstraints ? "requires" : "has no")} name constraints.");
        }
    }

    private static void CheckKey(CertificateTemplate template)
    {
        KeyKind kind;
        try
        {
            kind = PublicKeyInfo.Parse(template.SubjectPublicKeyInfo.Span).Kind;
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The public key is not valid DER.", e);
        }

        if (kind != template.Key || !template.Profile.Allows(kind))
        {
            throw new PkiException(PkiError.ProfileViolation, $"The profile '{template.Profile.Name}' does not allow a {kind} key.");
        }
    }
}
