using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.EntityFrameworkCore.Models;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>The issuer's clients, each complete at every write.</summary>
public sealed class IssuerClients
{
    private readonly IServiceScopeFactory _scopes;

    internal IssuerClients(IServiceScopeFactory scopes) => _scopes = scopes;

    /// <summary>Null: there is no such client.</summary>
    public Task<IssuerClient?> FindAsync(string clientId, CancellationToken cancellationToken) => RunAsync(applications => FindAsync(applications, clientId, cancellationToken));

    /// <summary>In a request that the client has proved itself in: OpenIddict has read it already.</summary>
    internal static async Task<IssuerClient?> FindAsync(IOpenIddictApplicationManager applications, string clientId, CancellationToken cancellationToken)
    {
        if (clientId.Length == 0 || await applications.FindByClientIdAsync(clientId, cancellationToken) is not { } application)
        {
            return null;
        }

        var descriptor = new OpenIddictApplicationDescriptor();
        await applications.PopulateAsync(descriptor, application, cancellationToken);
        return new IssuerClient
        {
            ClientId = clientId,
            DisplayName = descriptor.DisplayName ?? clientId,
            RedirectUri = descriptor.RedirectUris.Count == 1 ? descriptor.RedirectUris.Single() : null,
            PostLogoutRedirectUri = descriptor.PostLogoutRedirectUris.SingleOrDefault(),
            IsFederation = descriptor.Permissions.Contains(Permissions.Prefixes.Scope + IssuerScopes.Federation),
            IsForApi = descriptor.Permissions.Contains(Permissions.Prefixes.Scope + IssuerScopes.Api),
            IsOnDevices = descriptor.ClientType == ClientTypes.Public,
            IsForCertificates = clientId == StepClient.Id,
        };
    }

    /// <summary>The client is exactly so, with this secret.</summary>
    public Task EnsureAsync(IssuerClient client, string secret, CancellationToken cancellationToken) => EnsureAsync(Descriptor(client, secret), cancellationToken);

    /// <summary>
    /// The command line's, which people let in by a code (RFC 8628), or in a browser on the same machine (RFC 8252 section 7.3: on any port of its loopback address).
    /// Public: what every machine has is no secret.
    /// </summary>
    internal Task EnsureCommandLineAsync(CancellationToken cancellationToken) => EnsureAsync(
        new OpenIddictApplicationDescriptor
        {
            ApplicationType = ApplicationTypes.Native,
            ClientId = IssuerScopes.CommandLine,
            ClientType = ClientTypes.Public,
            ConsentType = ConsentTypes.Explicit,
            DisplayName = "the iot command line",
            RedirectUris = { IssuerScopes.CommandLineRedirect },
            Requirements = { Requirements.Features.ProofKeyForCodeExchange },
            Permissions =
            {
                Permissions.Endpoints.DeviceAuthorization, Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation,
                Permissions.GrantTypes.DeviceCode, Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code,
                Permissions.Prefixes.Scope + IssuerScopes.Api,
            },
        },
        cancellationToken);

    /// <summary>There, or with its codes gone.</summary>
    internal Task EnsureStepAsync(bool isOn, CancellationToken cancellationToken) => isOn ? EnsureAsync(StepClient.Descriptor, cancellationToken) : RemoveAsync(StepClient.Id, cancellationToken);

    private Task EnsureAsync(OpenIddictApplicationDescriptor descriptor, CancellationToken cancellationToken) => RunAsync(async applications =>
    {
        if (await applications.FindByClientIdAsync(descriptor.ClientId!, cancellationToken) is { } application)
        {
            await applications.UpdateAsync(application, descriptor, cancellationToken);
        }
        else
        {
            await applications.CreateAsync(descriptor, cancellationToken);
        }

        return true;
    });

    /// <summary>All tenants' clients.</summary>
    internal async Task RemoveFederationAsync(CancellationToken cancellationToken)
    {
        await using var scope = _scopes.CreateAsyncScope();
        var permission = $"%\"{Permissions.Prefixes.Scope}{IssuerScopes.Federation}\"%";
        await scope.ServiceProvider.GetRequiredService<IssuerDb>().Set<OpenIddictEntityFrameworkCoreApplication>()
            .Where(a => EF.Functions.Like(a.Permissions!, permission)).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>With its codes and refresh tokens.</summary>
    public Task RemoveAsync(string clientId, CancellationToken cancellationToken) => RunAsync(async applications =>
    {
        if (await applications.FindByClientIdAsync(clientId, cancellationToken) is { } application)
        {
            await applications.DeleteAsync(application, cancellationToken);
        }

        return true;
    });

    private async Task<T> RunAsync<T>(Func<IOpenIddictApplicationManager, Task<T>> operation)
    {
        await using var scope = _scopes.CreateAsyncScope();
        return await operation(scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>());
    }

    private static OpenIddictApplicationDescriptor Descriptor(IssuerClient client, string secret)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ApplicationType = ApplicationTypes.Web,
            ClientId = client.ClientId,
            ClientType = ClientTypes.Confidential,
            ClientSecret = secret,
            ConsentType = ConsentTypes.Implicit,
            DisplayName = client.DisplayName,
            RedirectUris = { client.RedirectUri! },
            PostLogoutRedirectUris = { client.PostLogoutRedirectUri! },
        };
        descriptor.Requirements.Add(Requirements.Features.ProofKeyForCodeExchange);
        if (!client.IsFederation)
        {
            // A tenant reads the ID token alone, and learns nothing about the tokens of others.
            descriptor.Permissions.Add(Permissions.Endpoints.Introspection);
        }

        descriptor.Permissions.UnionWith(
        [
            Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.EndSession, Permissions.Endpoints.Revocation,
            Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code, Permissions.Scopes.Profile, Permissions.Scopes.Email,
            Permissions.Prefixes.Scope + (client.IsFederation ? IssuerScopes.Federation : IssuerScopes.Api),
        ]);
        return descriptor;
    }
}

/// <summary>A client that signs people in. Its secret is not part of it.</summary>
public sealed record IssuerClient
{
    public required string ClientId { get; init; }

    /// <summary>Shown on the sign-in page.</summary>
    public required string DisplayName { get; init; }

    /// <summary>Compared character by character (RFC 9700 section 2.1). Null: no browser comes back to it, or to more than one address.</summary>
    public required Uri? RedirectUri { get; init; }

    public required Uri? PostLogoutRedirectUri { get; init; }

    /// <summary>A tenant's, whose tokens open nothing here; else one for this stack's API.</summary>
    public required bool IsFederation { get; init; }

    /// <summary>Its tokens open this stack's API.</summary>
    internal bool IsForApi { get; init; }

    /// <summary>As from Keycloak: a client for the API has that scope without asking.</summary>
    internal IEnumerable<string> Granted(IEnumerable<string> requested) => IsForApi ? requested.Append(IssuerScopes.Api).Distinct(StringComparer.Ordinal) : requested;

    /// <summary>A program on people's machines, which any other program there can pass for (RFC 8252 section 8.6): a person lets it in, each time, with a session of its own.</summary>
    public bool IsOnDevices { get; init; }

    /// <summary>Its ID tokens buy a certificate in the person's name, and its access tokens open nothing.</summary>
    internal bool IsForCertificates { get; init; }
}
