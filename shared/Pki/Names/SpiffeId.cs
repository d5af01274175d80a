using System.Diagnostics.CodeAnalysis;

namespace IoTPlatform.Pki;

/// <summary>SPIFFE ids: each tenant is the trust domain <c>{tenant}.{platform domain}</c>, the provider is the platform domain itself.</summary>
public static class SpiffeId
{
    private const string Scheme = "spiffe://";
    private const int MaxLength = 2048;
    private const int MaxTrustDomain = 255;

    public static string TrustDomain(string tenant, string platformDomain)
    {
        if (!NameSyntax.IsDnsName(tenant, allowWildcard: false) || tenant.Contains('.'))
        {
            throw new PkiException(PkiError.NameNotAllowed, "A tenant id must be one DNS label.");
        }

        return Checked($"{tenant}.{platformDomain}");
    }

    public static string Device(string tenant, string platformDomain, string deviceId) => Build(TrustDomain(tenant, platformDomain), "device", deviceId);

    /// <summary>A service of a tenant.</summary>
    public static string Service(string tenant, string platformDomain, string name) => Build(TrustDomain(tenant, platformDomain), "service", name);

    /// <summary>A service of the provider.</summary>
    public static string ProviderService(string platformDomain, string name) => Build(Checked(platformDomain), "service", name);

    public static string Bridge(string tenant, string platformDomain) => $"{Scheme}{TrustDomain(tenant, platformDomain)}/mqtt-bridge";

    /// <summary>
    /// Splits <c>spiffe://domain/path</c>; path comes with its leading slash, or empty. False for anything the SPIFFE-ID standard (2.1 to 2.4)
    /// refuses: upper case or a port in the domain, a query, empty or dot segments, a trailing slash, characters outside [A-Za-z0-9._-].
    /// </summary>
    public static bool TryParse(string uri, [NotNullWhen(true)] out string? trustDomain, [NotNullWhen(true)] out string? path)
    {
        trustDomain = path = null;
        if (uri.Length > MaxLength || !uri.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = uri.AsSpan(Scheme.Length);
        var slash = rest.IndexOf('/');
        var domain = slash < 0 ? rest : rest[..slash];
        var tail = slash < 0 ? [] : rest[slash..];
        if (!IsTrustDomain(domain) || !IsPath(tail))
        {
            return false;
        }

        trustDomain = domain.ToString();
        path = tail.ToString();
        return true;
    }

    private static string Build(string trustDomain, string kind, string name)
    {
        var id = $"{Scheme}{trustDomain}/{kind}/{name}";
        return !name.Contains('/') && TryParse(id, out _, out _)
            ? id
            : throw new PkiException(PkiError.NameNotAllowed, "The name does not fit into a SPIFFE id.");
    }

    private static string Checked(string trustDomain) =>
        IsTrustDomain(trustDomain) ? trustDomain : throw new PkiException(PkiError.NameNotAllowed, "The trust domain is not well-formed.");

    // The standard would allow '_' and any dots; a name constraint is a host name (RFC 5280 4.2.1.10).
    private static bool IsTrustDomain(ReadOnlySpan<char> domain) =>
        domain.Length <= MaxTrustDomain && NameSyntax.IsDnsName(domain, allowWildcard: false) && !domain.ContainsAnyInRange('A', 'Z');

    private static bool IsPath(ReadOnlySpan<char> path)
    {
        if (path.IsEmpty)
        {
            return true;
        }

        foreach (var range in path[1..].Split('/'))
        {
            var segment = path[1..][range];
            if (segment.IsEmpty || segment is "." or "..")
            {
                return false;
            }

            foreach (var c in segment)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
