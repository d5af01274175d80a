using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What a template once said of a leaf is said again in the one that renews it, as step-ca does; the template is not asked again.</summary>
internal static class LeafRenewal
{
    /// <param name="certificate">To be renewed.</param>
    /// <param name="profile">Of its provisioner, now.</param>
    public static (CertificateProfile Profile, CertificateContents? Contents) Of(ParsedCertificate certificate, CertificateProfile profile)
    {
        var contents = CertificateContents.Of(certificate);
        var usages = certificate.ExtendedKeyUsages.IsDefault ? [] : certificate.ExtendedKeyUsages;
        var isPlain = contents is { Subject: null, Extensions.IsEmpty: true, OcspServers.IsEmpty: true, IssuerCertificates.IsEmpty: true, RevocationLists.IsEmpty: true }
            && certificate.KeyUsages == profile.KeyUsagesFor(certificate.ReadKeyKind()) && usages.AsSpan().SequenceEqual(profile.ExtendedKeyUsages.AsSpan());
        return isPlain ? (profile, null) : (
            profile with
            {
                KeyUsages = certificate.KeyUsages ?? X509KeyUsageFlags.None,
                KeyEnciphermentForRsa = false,
                ExtendedKeyUsages = usages,
                AllowsSubjectAttributes = contents.Subject is not null,
                FurtherExtensions = [.. contents.Extensions.Select(extension => extension.Oid)],
            },
            contents);
    }
}
