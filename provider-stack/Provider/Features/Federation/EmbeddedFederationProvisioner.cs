using IoTPlatform.Identity.Issuer;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>Each tenant's client at the platform's own issuer.</summary>
internal sealed class EmbeddedFederationProvisioner(IssuerClients clients, IssuerOptions issuer) : IFederationProvisioner
{
    public Uri DiscoveryUrl => issuer.Tokens.DiscoveryUrl;

    /// <summary>Under the tenant's lock.</summary>
    public Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken) => client is { RedirectUri: { } redirectUri, PostLogoutRedirectUri: { } afterLogout }
        ? clients.EnsureAsync(
            new IssuerClient { ClientId = client.ClientId, DisplayName = $"tenant {client.TenantId}", RedirectUri = redirectUri, PostLogoutRedirectUri = afterLogout, IsFederation = true },
            client.Secret, cancellationToken)
        : RemoveClientAsync(client.TenantId, cancellationToken); // without a redirect URI no login could return

    public Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken) => clients.RemoveAsync(FederationClient.IdOf(tenantId), cancellationToken);

    public async Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken) =>
        await clients.FindAsync(FederationClient.IdOf(tenantId), cancellationToken) is { } client ? new FederationClientState(client.ClientId, client.RedirectUri?.OriginalString) : null;
}
