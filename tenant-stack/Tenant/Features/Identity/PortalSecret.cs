using IoTPlatform.Hosting.Oidc.Login;

namespace IoTPlatform.Tenant.Features.Identity;

/// <summary>Chosen before the realm is set up, so there always is one.</summary>
internal sealed class PortalSecret(KeeperFiles files) : IClientSecret
{
    public Task<string?> FindAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(files.PortalSecret());
}
