using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Pki;

/// <summary>Builds <see cref="NameConstraints.ForTenant"/>.</summary>
internal static class TenantConstraints
{
    public static NameConstraints Create(string trustDomain, IEnumerable<string> providerNames, IEnumerable<string> tenantDomains)
    {
        ImmutableArray<string> domains = [.. tenantDomains.Distinct(StringComparer.OrdinalIgnoreCase)];
        var hosts = new List<string>();
        var excludedIp = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var name in providerNames.Distinct(StringComparer.OrdinalIgnoreCase).Where(name => !ServerName.IsLoopback(name)))
        {
            if (NameSyntax.TryParseIp(name, out var address))
            {
                ExcludeAddress(excludedIp, address);
            }
            else
            {
                hosts.Add(name);
                if (WildcardParent(name) is { } parent && (domains.IsEmpty || domains.Any(domain => ServerName.IsWithin(parent, domain))))
                {
                    hosts.Add(parent);
                }
            }
        }

        return new NameConstraints
        {
            PermittedUriDomains = [trustDomain],
            ExcludedDns = Outermost(hosts),
            ExcludedIp = excludedIp.ToImmutable(),
            // A permitted list shuts out everything else, "localhost" too, which identifies no host and which services are tested by.
            PermittedDns = domains.IsEmpty ? [] : [.. domains, "localhost"],
        };
    }

    /// <summary>
    /// A certificate for *.parent matches the host, yet lies outside the host's subtree, and a constraint has no wildcards (RFC 5280 4.2.1.10):
    /// only excluding the parent shuts it out. A permitted list without the parent does that by itself. A parent of one label is spared: it would
    /// exclude a whole top-level domain, and clients take no certificate for one.
    /// </summary>
    private static string? WildcardParent(string host)
    {
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && host.IndexOf('.', dot + 1) > 0 ? host[(dot + 1)..] : null;
    }

    private static ImmutableArray<string> Outermost(List<string> hosts) =>
    [
        .. hosts.Where(host => !hosts.Exists(other => other.Length < host.Length && ServerName.IsWithin(host, other))).Distinct(StringComparer.OrdinalIgnoreCase),
    ];

    private static void ExcludeAddress(ImmutableArray<IPNetwork>.Builder excluded, IPAddress address)
    {
        excluded.Add(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            // Go compares ::ffff:a.b.c.d equal to a.b.c.d when matching a host, but not when applying constraints.
            excluded.Add(new IPNetwork(address.MapToIPv6(), 128));
        }
    }
}
