using IoTPlatform.Pki;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>The names the provider certifies for a tenant.</summary>
internal static class TenantNames
{
    public static SubjectNames SubCa(string tenantId) => new() { CommonName = SubCaName.For(tenantId) };

    public static SubjectNames Bridge(string tenantId, string platformDomain) =>
        new() { CommonName = MqttBridgeName.For(tenantId), Uris = [SpiffeId.Bridge(tenantId, platformDomain)] };

    /// <summary>What keeps a hostile Sub-CA in its box: its own trust domain, its own domains where declared, never the provider's names.</summary>
    public static NameConstraints Constraints(string tenantId, IEnumerable<string> dnsDomains, ProviderOptions options) =>
        NameConstraints.ForTenant(SpiffeId.TrustDomain(tenantId, options.PlatformDomain), options.Names, dnsDomains);
}
