using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;


namespace IoTPlatform.Provider.Features.Identity.Keycloak;

/// <summary>There from the first <c>iot identity init</c> on.</summary>
internal sealed class PortalSecret(KeycloakSecrets secrets) : IClientSecret
{
    public Task<string?> FindAsync(CancellationToken cancellationToken) => secrets.FindAsync(PortalAddresses.ClientId, cancellationToken);
}
