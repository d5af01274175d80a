using IoTPlatform.Contracts.Join;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Join;

namespace IoTPlatform.Tenant.Features.Identity;

/// <summary>What this realm signs in to the provider's with: the bundle's, unless the settings know better. A class, not a record: it carries a secret.</summary>
internal sealed class ProviderAccess
{
    public required string ClientId { get; init; }
    public required string ClientSecret { get; init; }
    public required string DiscoveryUrl { get; init; }

    /// <summary>Null: the provider has no identity provider.</summary>
    public static ProviderAccess? Of(TenantOptions options, JoinBundle bundle) => bundle.Federation() is not { } federation ? null : new()
    {
        ClientId = federation.CdmIdpClientId,
        ClientSecret = options.FederationSecret ?? federation.CdmIdpClientSecret,
        DiscoveryUrl = options.FederationDiscoveryUrl?.AbsoluteUri ?? federation.CdmDiscoveryUrl,
    };
}
