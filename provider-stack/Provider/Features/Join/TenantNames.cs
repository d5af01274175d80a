using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Names;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>The names the provider certifies for a tenant.</summary>
internal static class TenantNames
{
    public static SubjectNames SubCa(string tenantId) => new() { CommonName = SubCaName.For(tenantId) };

    public static SubjectNames Bridge(string tenantId, string platformDomain) =>
        new() { CommonName = MqttBridgeName.For(tenantId), Uris = [SpiffeId.Bridge(tenantId, platformDomain)] };

    /// <summary>Of a Sub-CA, whose tenant is hostile: its own trust domain, its own domains where declared, never a name of the provider's.</summary>
    public static NameConstraints Constraints(string tenantId, IEnumerable<string> dnsDomains, ProviderOptions options) =>
        NameConstraints.ForTenant(SpiffeId.TrustDomain(tenantId, options.PlatformDomain), NameRegistry.Excluded(options), dnsDomains);
}
