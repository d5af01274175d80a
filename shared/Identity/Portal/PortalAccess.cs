using System.Security.Claims;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Portal;

/// <summary>What pages that live longer than a request know of their session.</summary>
public interface IPortalAccess
{
    /// <summary>The same person with the roles of now. Throws <see cref="ProblemException"/> 503 if that can't be determined.</summary>
    /// <param name="user">As a page of the portal was asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null: the session has ended.</returns>
    Task<ClaimsPrincipal?> RefreshAsync(ClaimsPrincipal user, CancellationToken cancellationToken);
}

/// <summary>
/// Only pages and their own connection take the portal's cookie: the API never does, so a request that another site forged is nobody's there.
/// </summary>
public sealed class PortalAccess : IPortalAccess
{
    /// <summary>Signed in at the portal, with any role. What a page may show and do is asked for by each call.</summary>
    public const string Policy = "portal-pages";

    private readonly PortalSessions _sessions;

    internal PortalAccess(PortalSessions sessions) => _sessions = sessions;

    public async Task<ClaimsPrincipal?> RefreshAsync(ClaimsPrincipal user, CancellationToken cancellationToken) =>
        user.FindFirstValue(PortalUser.SessionClaim) is { } key ? (await _sessions.RetrieveAsync(key, cancellationToken))?.Principal : null;

    /// <summary>Who, as people read it, and where the account is.</summary>
    public static PortalPerson Describe(ClaimsPrincipal user)
    {
        var found = PortalUser.Of(user);
        return new PortalPerson(PortalPages.NameOf(found), PortalPages.RealmOf(found), PortalPages.WayOf(found), found.Roles, found.Issuer is null);
    }
}

/// <param name="Name">Without the prefix that the audit log gives users of the identity provider.</param>
/// <param name="Realm">The issuer, or this server.</param>
/// <param name="Way">How the person signed in.</param>
/// <param name="Roles">Of the session.</param>
/// <param name="IsLocal">Has an account page here.</param>
public sealed record PortalPerson(string Name, string Realm, string Way, IReadOnlyList<string> Roles, bool IsLocal);

/// <summary>What went wrong before a page of the portal was there, in the portal's own words.</summary>
public sealed class PortalProblemPage : IProblemPage
{
    public Task WriteAsync(HttpContext context, ProblemException problem) => context.RequestServices.GetRequiredService<PortalPages>().Problem(problem).ExecuteAsync(context);
}
