using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>Who this tenant is, as the provider certified it.</summary>
internal sealed record JoinedTenant(string TenantId, string PlatformDomain)
{
    /// <summary>The SPIFFE trust domain, by which devices and operators know this tenant's server.</summary>
    public string TrustDomain => SpiffeId.TrustDomain(TenantId, PlatformDomain);
}
