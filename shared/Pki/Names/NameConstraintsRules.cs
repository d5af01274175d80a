using System.Collections.Immutable;
using System.Net;

namespace IoTPlatform.Pki;

/// <summary>Decides names against constraints; in doubt a name is refused.</summary>
internal static class NameConstraintsRules
{
    public static string? FindViolation(NameConstraints constraints, SubjectNames names)
    {
        foreach (var name in names.Dns)
        {
            if (!AllowsDns(constraints, name))
            {
                return $"DNS:{name}";
            }
        }

        // Single labels are checked against the exclusions only: "acme-mqtt-bridge" is not a host name.
        if (names.Dns.IsEmpty && names.CommonName is { } cn && NameSyntax.IsDnsAltName(cn)
            && (Excludes(constraints.ExcludedDns, cn) || (cn.Contains('.') && !AllowsDns(constraints, cn))))
        {
            return $"CN:{cn}";
        }

        foreach (var address in names.Ip)
        {
            if (Contains(constraints.ExcludedIp, address) || (!constraints.PermittedIp.IsEmpty && !Contains(constraints.PermittedIp, address)))
            {
                return $"IP:{address}";
            }
        }

        foreach (var email in names.Emails)
        {
            if (!AllowsEmail(constraints, email))
            {
                return $"email:{email}";
            }
        }

        foreach (var uri in names.Uris)
        {
            if (!AllowsUri(constraints, uri))
            {
                return $"URI:{uri}";
            }
        }

        return null;
    }

    private static bool AllowsDns(NameConstraints constraints, string name) =>
        (constraints.PermittedDns.IsEmpty && constraints.ExcludedDns.IsEmpty)
        || (NameSyntax.IsDnsAltName(name)
            && !Excludes(constraints.ExcludedDns, name)
            && (constraints.PermittedDns.IsEmpty || constraints.PermittedDns.Any(permitted => IsWithin(WildcardParent(name) ?? name, permitted))));

    /// <summary>A wildcard is excluded when any host it matches is.</summary>
    private static bool Excludes(ImmutableArray<string> excluded, string name)
    {
        var parent = WildcardParent(name);
        foreach (var constraint in excluded)
        {
            if (name.Equals(constraint, StringComparison.OrdinalIgnoreCase) || IsWithin(parent ?? name, constraint))
            {
                return true;
            }

            var dot = constraint.IndexOf('.');
            if (parent is not null && dot > 0 && constraint.AsSpan(dot + 1).Equals(parent, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string? WildcardParent(string name) => name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : null;

    /// <summary>The name itself or one below; a leading dot asks for one below, an empty constraint takes all.</summary>
    private static bool IsWithin(ReadOnlySpan<char> name, ReadOnlySpan<char> constraint)
    {
        if (constraint.IsEmpty)
        {
            return true;
        }

        if (constraint[0] == '.')
        {
            return name.Length > constraint.Length && name.EndsWith(constraint, StringComparison.OrdinalIgnoreCase);
        }

        return name.Equals(constraint, StringComparison.OrdinalIgnoreCase)
            || (name.Length > constraint.Length && name[^(constraint.Length + 1)] == '.' && name.EndsWith(constraint, StringComparison.OrdinalIgnoreCase));
    }

    private static bool AllowsEmail(NameConstraints constraints, string email)
    {
        if (constraints.PermittedEmail.IsEmpty && constraints.ExcludedEmail.IsEmpty)
        {
            return true;
        }

        return NameSyntax.IsEmail(email)
            && !constraints.ExcludedEmail.Any(excluded => MatchesEmail(email, excluded))
            && (constraints.PermittedEmail.IsEmpty || constraints.PermittedEmail.Any(permitted => MatchesEmail(email, permitted)));
    }

    private static bool MatchesEmail(string email, string constraint)
    {
        var at = email.LastIndexOf('@');
        var constraintAt = constraint.LastIndexOf('@');
        return constraintAt < 0
            ? MatchesHost(email.AsSpan(at + 1), constraint)
            : email.AsSpan(0, at).SequenceEqual(constraint.AsSpan(0, constraintAt)) && MatchesHost(email.AsSpan(at + 1), constraint.AsSpan(constraintAt + 1));
    }

    private static bool AllowsUri(NameConstraints constraints, string uri)
    {
        if (constraints.PermittedUriDomains.IsEmpty && constraints.ExcludedUriDomains.IsEmpty)
        {
            return true;
        }

        // RFC 5280: a URI without a host name must be rejected where URI constraints apply.
        if (!UriSyntax.TryReadHost(uri, out var found) || NameSyntax.TryParseIp(found, out _))
        {
            return false;
        }

        var host = found.ToString();
        return !constraints.ExcludedUriDomains.Any(excluded => MatchesHost(host, excluded))
            && (constraints.PermittedUriDomains.IsEmpty || constraints.PermittedUriDomains.Any(permitted => MatchesHost(host, permitted)));
    }

    /// <summary>Exact, or with a leading dot any host below.</summary>
    private static bool MatchesHost(ReadOnlySpan<char> host, ReadOnlySpan<char> constraint) =>
        constraint.StartsWith(".") ? IsWithin(host, constraint) : host.Equals(constraint, StringComparison.OrdinalIgnoreCase);

    /// <summary>Looks at IPv4 and its IPv6-mapped form as one address, as host name checks do.</summary>
    private static bool Contains(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address)
                || (address.IsIPv4MappedToIPv6 && network.Contains(address.MapToIPv4()))
                || (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && network.Contains(address.MapToIPv6())))
            {
                return true;
            }
        }

        return false;
    }
}
