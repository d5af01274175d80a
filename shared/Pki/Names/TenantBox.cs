using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Pki;

/// <summary>Builds <see cref="NameConstraints.ForTenant"/>.</summary>
internal static class TenantBox
{
    public static NameConstraints Create(string trustDomain, IEnumerable<string> providerNames, IEnumerable<string> tenantDomains)
    {
        var excludedDns = ImmutableArray.CreateBuilder<string>();
        var excludedIp = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var name in providerNames.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (NameSyntax.TryParseIp(name, out var address))
            {
                ExcludeAddress(excludedIp, address);
            }
            else
            {
                ExcludeHost(excludedDns, name);
            }
        }

        ImmutableArray<string> domains = [.. tenantDomains.Distinct(StringComparer.OrdinalIgnoreCase)];
        return new NameConstraints
        {
            PermittedUriDomains = [trustDomain],
            ExcludedDns = [.. excludedDns.Distinct(StringComparer.OrdinalIgnoreCase)],
            ExcludedIp = excludedIp.ToImmutable(),
            // A permitted list shuts out everything else, "localhost" too, which identifies no host and which services are tested by.
            PermittedDns = domains.IsEmpty ? [] : [.. domains, "localhost"],
        };
    }

    private static void ExcludeAddress(ImmutableArray<IPNetwork>.Builder excluded, IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
        {
            return;
        }

        excluded.Add(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            // Go compares ::ffff:a.b.c.d equal to a.b.c.d when matching a host, but not when applying constraints.
            excluded.Add(new IPNetwork(address.MapToIPv6(), 128));
        }
    }

    private static void ExcludeHost(ImmutableArray<string>.Builder excluded, string name)
    {
        // Names below localhost are loopback, too (RFC 6761 6.3).
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        var host = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        excluded.Add(host);
        var dot = host.IndexOf('.');
        if (dot > 0)
        {
            // A wildcard of the parent matches the host, yet lies outside the subtree; verifiers compare it letter by letter.
            excluded.Add("*" + host[dot..]);
        }
    }
}
