using IoTPlatform.Database;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>There from the first <c>iot identity init</c> on.</summary>
internal sealed class PortalSecret(SecretStore<ProviderDb> secrets) : IClientSecret
{
    public Task<string?> FindAsync(CancellationToken cancellationToken) => secrets.FindAsync(PortalAddresses.ClientId, cancellationToken);
}
