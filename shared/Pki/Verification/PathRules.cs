using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Path length, name constraints, purpose and dates of a path, leaf first, root last (RFC 5280 6.1.3, 6.1.4). Signatures are checked elsewhere.</summary>
internal static class PathRules
{
    public static ChainVerification Check(IReadOnlyList<ParsedCertificate> path, CertificatePurpose purpose, DateTimeOffset at)
    {
        for (var i = 1; i < path.Count; i++)
        {
            if (CheckIssuer(path, i) is { } problem)
            {
                return ChainVerification.Invalid(problem);
            }
        }

        if (CheckPurpose(path[0], purpose) is { } wrong)
        {
            return ChainVerification.Invalid(wrong);
        }

        // Last, so that a reported date error is the only error.
        var outcome = CheckDates(ValidityPeriod.Of(path), at);
        return outcome with { Path = path };
    }

    private static ChainVerification CheckDates(ValidityPeriod period, DateTimeOffset at)
    {
        if (period.Contains(at))
        {
            return ChainVerification.Valid;
        }

        var reason = at < period.NotBefore ? $"not valid before {period.NotBefore:u}" : $"expired at {period.NotAfter:u}";
        return period.NotBefore <= period.NotAfter ? ChainVerification.OutsideOf(period, reason) : ChainVerification.Invalid(reason);
    }

    private static string? CheckIssuer(IReadOnlyList<ParsedCertificate> path, int index)
    {
        var issuer = path[index];
        if (!issuer.IsCa || issuer.KeyUsages?.HasFlag(X509KeyUsageFlags.KeyCertSign) == false)
        {
            return "A certificate that is no CA has issued another.";
        }

        // CAs below this one. The RFC leaves the last certificate out; a CA at the end counts here, as it could only be there to issue.
        if (issuer.PathLength < index - 1 + (path[0].IsCa ? 1 : 0))
        {
            return "The path is longer than a CA allows.";
        }

        if (issuer.NameConstraints is { } constraints)
        {
            for (var i = 0; i < index; i++)
            {
                if (!constraints.Permits(path[i].Names, out var violation))
                {
                    return $"A CA's name constraints do not permit {violation}.";
                }
            }
        }

        return null;
    }

    private static string? CheckPurpose(ParsedCertificate leaf, CertificatePurpose purpose)
    {
        const X509KeyUsageFlags ServerUsages = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyAgreement;
        return purpose switch
        {
            CertificatePurpose.Any => null,
            CertificatePurpose.CertificateAuthority =>
                leaf.IsCa && leaf.KeyUsages?.HasFlag(X509KeyUsageFlags.KeyCertSign) != false ? null : "The certificate is no CA.",
            CertificatePurpose.ServerAuth => IsFor(leaf, Oids.ServerAuth, ServerUsages) ? null : "The certificate is not for servers.",
            _ => IsFor(leaf, Oids.ClientAuth, X509KeyUsageFlags.DigitalSignature) ? null : "The certificate is not for clients.",
        };
    }

    private static bool IsFor(ParsedCertificate leaf, string usage, X509KeyUsageFlags anyOf) =>
        !leaf.IsCa
        && !leaf.ExtendedKeyUsages.IsDefault && leaf.ExtendedKeyUsages.Contains(usage)
        && (leaf.KeyUsages is null || (leaf.KeyUsages.Value & anyOf) != X509KeyUsageFlags.None);
}

/// <summary>
/// Who signed a leaf, by the shape of its verified path: root, Intermediate CA, leaf is the provider's; root, Intermediate CA, Sub-CA, leaf
/// a tenant's. Only the root can issue an Intermediate CA, whose mark is its path length: a root that is not the platform's own has other CAs, too.
/// </summary>
internal static class PlatformPath
{
    private const int ProviderLength = 3;
    private const int TenantLength = 4;

    public static string? ProviderViolation(IReadOnlyList<ParsedCertificate> path) =>
        path.Count == ProviderLength && IsIntermediate(path[1]) ? null : "it is not signed by the provider's Intermediate CA itself";

    /// <summary>The Sub-CA must be confined to the trust domain, and to that one only.</summary>
    public static string? TenantViolation(IReadOnlyList<ParsedCertificate> path, string trustDomain) =>
        path.Count == TenantLength && IsIntermediate(path[2])
        && path[1].NameConstraints is { PermittedUriDomains: [var domain] } && string.Equals(domain, trustDomain, StringComparison.Ordinal)
            ? null
            : $"it is not signed by a Sub-CA of {trustDomain}";

    private static bool IsIntermediate(ParsedCertificate issuer) => issuer.PathLength == Profiles.Intermediate.PathLength;
}
