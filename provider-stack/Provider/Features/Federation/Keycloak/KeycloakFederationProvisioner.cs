using IoTPlatform.Hosting;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Configuration;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>Each tenant's client in the platform's realm, made and kept with the narrowest rights: see docs/identity.md.</summary>
internal sealed partial class KeycloakFederationProvisioner(
    KeycloakClients clients, FederationRegistrations registrations, FederationSecrets secrets, ProviderOptions options, ILogger<KeycloakFederationProvisioner> log) : IFederationProvisioner
{
    public Uri DiscoveryUrl => options.DiscoveryUrl;

    public async Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken)
    {
        if (client.RedirectUri is null)
        {
            // Without a redirect URI no login could return: removes the client, also one of an earlier keycloak_url.
            await RemoveAsync(client.TenantId, client.Secret, cancellationToken);
            return;
        }

        var known = await registrations.FindAsync(client.TenantId, cancellationToken);
        if (known?.Token is { } token && await RepairAsync(client, token, cancellationToken))
        {
            return;
        }

        await RegisterAsync(client, cancellationToken);
    }

    public async Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken) =>
        await RemoveAsync(tenantId, await secrets.FindAsync(tenantId, cancellationToken), cancellationToken);

    /// <summary>The last applied state: an outage of the identity provider must not hide a tenant's details.</summary>
    public async Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken) =>
        await registrations.FindAsync(tenantId, cancellationToken) is { } known ? new FederationClientState(FederationClient.IdOf(tenantId), known.RedirectUri) : null;

    /// <summary>False: the token opens nothing any more.</summary>
    private async Task<bool> RepairAsync(FederationClient client, string token, CancellationToken cancellationToken)
    {
        if (await clients.ReadAsync(client.ClientId, token, cancellationToken) is not { } actual)
        {
            TokenVoid(client.ClientId);
            await registrations.ForgetTokenAsync(client.TenantId, cancellationToken);
            return false;
        }

        var wanted = FederationRepresentation.Of(client);
        if (Representation.Covers(actual, wanted))
        {
            return true;
        }

        Drifted(client.ClientId);
        // The old token is void from the moment of the change: nothing may come between the change and the new token's record.
        var renewed = await clients.ChangeAsync(wanted, token, cancellationToken);
        await registrations.StoreAsync(client.TenantId, client.RedirectUri!.AbsoluteUri, renewed, CancellationToken.None);
        return true;
    }

    private async Task RegisterAsync(FederationClient client, CancellationToken cancellationToken)
    {
        var redirectUri = client.RedirectUri!.AbsoluteUri;
        await registrations.IntendAsync(client.TenantId, redirectUri, cancellationToken);
        if (await clients.RegisterAsync(FederationRepresentation.Of(client), cancellationToken) is { } token)
        {
            await registrations.StoreAsync(client.TenantId, redirectUri, token, CancellationToken.None);
            Registered(client.ClientId);
            return;
        }

        // There is one already. It is ours if it has the secret that we stored before we ever asked.
        if (!await clients.AuthenticatesAsync(client.ClientId, client.Secret, cancellationToken))
        {
            throw NeedsAdministrator($"has a client {client.ClientId} that is not the platform's");
        }

        var intended = await registrations.FindAsync(client.TenantId, cancellationToken);
        if (intended?.RedirectUri != redirectUri)
        {
            throw NeedsAdministrator($"has the client {client.ClientId} with another redirect URI, and the right to change it is lost");
        }

        TokenLost(client.ClientId);
    }

    private async Task RemoveAsync(string tenantId, string? secret, CancellationToken cancellationToken)
    {
        if (await registrations.FindAsync(tenantId, cancellationToken) is not { } known)
        {
            return;
        }

        var clientId = FederationClient.IdOf(tenantId);
        var deleted = known.Token is not null && await clients.DeleteAsync(clientId, known.Token, cancellationToken);
        if (!deleted && secret is not null && await clients.AuthenticatesAsync(clientId, secret, cancellationToken))
        {
            throw NeedsAdministrator($"still has the client {clientId}, and the right to delete it is lost");
        }

        await registrations.ForgetAsync(tenantId, cancellationToken);
    }

    private static ProblemException NeedsAdministrator(string what) => new(
        StatusCodes.Status409Conflict, "identity_conflict",
        $"The identity provider {what}. An administrator of it deletes that client, or runs 'iot identity init', which takes it over.");

    [LoggerMessage(Level = LogLevel.Information, Message = "Client {Client} registered")]
    private partial void Registered(string client);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Client {Client} is not as it should be and is put right")]
    private partial void Drifted(string client);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Client {Client} is gone, or its registration access token is void")]
    private partial void TokenVoid(string client);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Client {Client} exists as it should, but its registration access token is lost: it cannot be changed or removed until 'iot identity init' has been run")]
    private partial void TokenLost(string client);
}
