using IoTPlatform.Contracts.Join;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Identity;

/// <summary>What this realm signs in to the provider's with: the bundle's, unless the settings know better. A class, not a record: it carries a secret.</summary>
internal sealed class ProviderAccess
{
    public required string ClientId { get; init; }
    public required string ClientSecret { get; init; }
    public required string DiscoveryUrl { get; init; }

    public static ProviderAccess Of(TenantOptions options, JoinBundle bundle) => new()
    {
        ClientId = bundle.CdmIdpClientId,
        ClientSecret = options.FederationSecret ?? bundle.CdmIdpClientSecret,
        DiscoveryUrl = options.FederationDiscoveryUrl?.AbsoluteUri ?? bundle.CdmDiscoveryUrl,
    };
}
