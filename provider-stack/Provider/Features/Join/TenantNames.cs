using System.Net;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>The names the provider certifies for a tenant.</summary>
internal static class TenantNames
{
    /// <summary>The bridge's CN has to fit into 64 characters (RFC 5280 ub-common-name), which bounds the tenant id below its 63 of a DNS label.</summary>
    public static readonly int LongestTenantId = 64 - BridgeAccess.Login("").Length;

    public static string SubCaCommonName(string tenantId) => $"{tenantId} Sub-CA";

    public static SubjectNames SubCa(string tenantId) => new() { CommonName = SubCaCommonName(tenantId) };

    public static SubjectNames Bridge(string tenantId, string platformDomain) =>
        new() { CommonName = BridgeAccess.Login(tenantId), Uris = [SpiffeId.Bridge(tenantId, platformDomain)] };

    /// <summary>What keeps a hostile Sub-CA in its box (RFC 5280 section 4.2.1.10): its own trust domain, its own domains where declared, never the provider's names.</summary>
    public static NameConstraints Constraints(string tenantId, IEnumerable<string> dnsDomains, ProviderOptions options)
    {
        var names = options.Names.Where(name => !HostNames.IsLoopback(name)).ToLookup(name => IPAddress.TryParse(name, out _));
        return new NameConstraints
        {
            PermittedUriDomains = [SpiffeId.TrustDomain(tenantId, options.PlatformDomain)],
            PermittedDns = [.. dnsDomains],
            ExcludedDns = [.. names[false]],
            ExcludedIp = [.. names[true].Select(IPAddress.Parse).Select(ip => new IPNetwork(ip, ip.GetAddressBytes().Length * 8))],
        };
    }
}
