namespace IoTPlatform.Pki;

/// <summary>
/// Who signed a leaf, by the shape of its verified path: root, Intermediate CA, leaf is the provider's; root, Intermediate CA, Sub-CA, leaf
/// a tenant's. The root signs Intermediate CAs only, and nobody but the root can make one.
/// </summary>
internal static class PlatformPath
{
    private const int ProviderLength = 3;
    private const int TenantLength = 4;

    public static string? ProviderViolation(IReadOnlyList<ParsedCertificate> path) =>
        path.Count == ProviderLength ? null : "it is not signed by the provider's Intermediate CA itself";

    /// <summary>The Sub-CA must be confined to the trust domain, and to that one only.</summary>
    public static string? TenantViolation(IReadOnlyList<ParsedCertificate> path, string trustDomain) =>
        path.Count == TenantLength
        && path[1].NameConstraints is { PermittedUriDomains: [var domain] } && string.Equals(domain, trustDomain, StringComparison.Ordinal)
            ? null
            : $"it is not signed by a Sub-CA of {trustDomain}";
}
