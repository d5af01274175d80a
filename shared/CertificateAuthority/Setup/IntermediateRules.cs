using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Judges an Intermediate CA that a root of others has signed: it is trusted to sign, and not to have understood.</summary>
internal static class IntermediateRules
{
    /// <summary>Sub-CAs last two years, and what stands on an Intermediate CA ends with it.</summary>
    private static readonly TimeSpan MinLifetime = TimeSpan.FromDays(90);

    /// <summary>RFC 5280 4.2.1.6.</summary>
    private const string SubjectAltName = "2.5.29.17";

    /// <summary>Of the root: Intermediate CA and Sub-CA stand below it.</summary>
    private static readonly int MinRootPathLength = Profiles.Root.PathLength!.Value;

    /// <summary>Throws <see cref="PkiException"/> with what is wrong.</summary>
    /// <param name="sent">The Intermediate CA first, the root last; one may come twice.</param>
    /// <param name="subjectPublicKeyInfo">The key that it must be for.</param>
    /// <param name="commonName">Its only name.</param>
    /// <param name="rootFingerprint">SHA-256, lower-case hex: the whole trust in it.</param>
    /// <param name="now">When it must be good.</param>
    public static CertificateChain Check(IReadOnlyList<X509Certificate2> sent, ReadOnlySpan<byte> subjectPublicKeyInfo, string commonName, string rootFingerprint, DateTimeOffset now)
    {
        var path = sent.DistinctBy(Fingerprint.Of).ToArray();
        if (Fingerprint.Of(path[^1]) != rootFingerprint)
        {
            throw Refused($"its root is not the one with the fingerprint {rootFingerprint}.");
        }

        if (path is not [var certificate, var anchor])
        {
            throw Refused(path.Length == 1
                ? "there is the root alone."
                : $"'{path[1].Subject}' has signed it, and not the root: every verifier of the platform knows its Intermediate CA by being the root's own.");
        }

        var (intermediate, root) = (ParsedCertificate.Parse(certificate.RawDataMemory), ParsedCertificate.Parse(anchor.RawDataMemory));
        if ((FindProblem(intermediate, subjectPublicKeyInfo, commonName, now) ?? FindProblemWithNames(certificate) ?? FindProblemWithRoot(root, intermediate)) is { } problem)
        {
            throw Refused(problem);
        }

        var verified = ChainVerifier.Verify(certificate, [], [anchor], CertificatePurpose.CertificateAuthority, now);
        return verified.IsValid ? new CertificateChain(path) : throw Refused($"it does not verify: {verified.Reason}.");
    }

    private static string? FindProblem(ParsedCertificate intermediate, ReadOnlySpan<byte> subjectPublicKeyInfo, string commonName, DateTimeOffset now) =>
        !intermediate.SubjectPublicKeyInfo.Span.SequenceEqual(subjectPublicKeyInfo) ? "it is for another key."
        : !intermediate.IsCa ? "it is no CA's: the template of the provisioner, or the profile, makes leaves."
        : intermediate.KeyUsages is not { } usages || !usages.HasFlag(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign) ? "its key usage does not have certSign and cRLSign."
        : intermediate.PathLength != Profiles.Intermediate.PathLength ? $"its path length is {intermediate.PathLength?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "not limited"}, and must be {Profiles.Intermediate.PathLength}."
        : intermediate.Names.CommonName != commonName ? $"its common name is not '{commonName}'."
        : !intermediate.ExtendedKeyUsages.IsDefaultOrEmpty ? "it has an extended key usage."
        : intermediate.NameConstraints is not null ? "it has name constraints."
        : intermediate.NotAfter < now + MinLifetime ? $"it ends at {intermediate.NotAfter:u}, and has to last {MinLifetime.Days} days at least."
        : null;

    /// <summary>Of any kind.</summary>
    private static string? FindProblemWithNames(X509Certificate2 intermediate) =>
        intermediate.SubjectName.EnumerateRelativeDistinguishedNames().ToArray() is not [{ HasMultipleElements: false }] ? "its subject has more than a common name."
        : intermediate.Extensions.Any(extension => extension.Oid?.Value == SubjectAltName) ? "it has alternative names."
        : null;

    private static string? FindProblemWithRoot(ParsedCertificate root, ParsedCertificate intermediate) =>
        root.PathLength < MinRootPathLength ? $"its root has the path length {root.PathLength}, and needs {MinRootPathLength} at least: tenants' Sub-CAs stand below the Intermediate CA."
        : root.NameConstraints is not null ? "its root has name constraints."
        : root.KeyUsages?.HasFlag(X509KeyUsageFlags.CrlSign) == false ? "the key usage of its root does not have cRLSign: nobody could ever revoke it."
        : intermediate.NotAfter > root.NotAfter ? $"it outlives its root, which ends at {root.NotAfter:u}."
        : null;

    private static PkiException Refused(string problem) => new(PkiError.ProfileViolation, problem);
}
