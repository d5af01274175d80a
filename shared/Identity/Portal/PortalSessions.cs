using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace IoTPlatform.Identity.Portal;

/// <summary>The sessions of both ways in, as ASP.NET's cookie handler asks for them.</summary>
/// <param name="local">Local accounts'.</param>
/// <param name="provider">The identity provider's; null: there is none.</param>
/// <param name="store">Theirs, too.</param>
internal sealed class PortalSessions(SessionStore local, OidcSessions? provider = null, OidcSessionStore? store = null) : ITicketStore
{
    public const string KeyProperty = "session";

    /// <summary>The session was opened, with its audit entry, when the login was accepted.</summary>
    public Task<string> StoreAsync(AuthenticationTicket ticket) => Task.FromResult(ticket.Properties.GetString(KeyProperty)!);

    /// <summary>The cookie handler would put another person's ticket under the key that the browser brought, which is session fixation.</summary>
    public Task RenewAsync(string key, AuthenticationTicket ticket) => throw new InvalidOperationException("A sign-in opens a session of its own.");

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => RetrieveAsync(key, CancellationToken.None);

    /// <summary>Null if the session is unknown or has expired. Throws <see cref="ProblemException"/> 503 when the identity provider has to be asked and doesn't answer.</summary>
    public async Task<AuthenticationTicket?> RetrieveAsync(string key, CancellationToken cancellationToken) =>
        PortalSession.Of(key) is { } session && await FindAsync(session, cancellationToken) is { } user
            ? new AuthenticationTicket(user.ToPrincipal(session), PortalCookie.Scheme)
            : null;

    public Task RemoveAsync(string key) => PortalSession.Of(key) is { } session ? EndAsync(session, CancellationToken.None) : Task.CompletedTask;

    /// <summary>Ends it, whether the identity provider answers or not.</summary>
    /// <returns>The ID token of a session that the identity provider may have, too.</returns>
    public async Task<string?> EndAsync(PortalSession session, CancellationToken cancellationToken)
    {
        if (session.IsLocal)
        {
            if (await local.FindAsync(session.Token, cancellationToken) is var (username, _))
            {
                await local.CloseAsync(session.Token, username, cancellationToken);
            }

            return null;
        }

        if (store is null || await store.FindAsync(session.Token, cancellationToken) is not { } found)
        {
            return null;
        }

        await store.CloseAsync(session.Token, "logout", found.Name, cancellationToken);
        return found.IdToken;
    }

    private async Task<PortalUser?> FindAsync(PortalSession session, CancellationToken cancellationToken)
    {
        if (session.IsLocal)
        {
            return await local.FindAsync(session.Token, cancellationToken) is var (username, roles) ? new PortalUser { Name = username, Roles = roles } : null;
        }

        return provider is not null && await provider.FindAsync(session.Token, cancellationToken) is { } found
            ? new PortalUser { Name = found.Name, Roles = found.Roles, Issuer = found.Issuer, IdentityProvider = found.IdentityProvider }
            : null;
    }
}
