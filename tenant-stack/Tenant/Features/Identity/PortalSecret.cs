using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Identity;

/// <summary>What the portal signs in to the identity provider with: the settings', where somebody else registered the client; else our own, chosen before the realm is set up.</summary>
internal sealed class PortalSecret(TenantOptions options, RealmSecrets secrets) : IClientSecret
{
    public async Task<string?> FindAsync(CancellationToken cancellationToken) => await EnsureAsync(cancellationToken);

    public async Task<string> EnsureAsync(CancellationToken cancellationToken) => options.PortalClientSecret ?? await secrets.EnsureAsync(PortalAddresses.ClientId, cancellationToken);
}
