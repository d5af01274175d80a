using System.Security.Claims;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;

namespace IoTPlatform.Portal.Sessions;

/// <summary>The person at a page. Asked anew at every call: a page lives longer than a role, and its buttons prove nothing.</summary>
public sealed class PortalCaller(AuthenticationStateProvider authentication, IPortalAccess access, IAuthorizationService authorization)
{
    /// <summary>Throws <see cref="ProblemException"/> 401 <c>session_ended</c>, 403 <c>forbidden</c>, or 503 if that can't be determined.</summary>
    /// <param name="policy">As of <see cref="IGuarded.Policy"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The name for the audit log.</returns>
    public async Task<string> RequireAsync(string policy, CancellationToken cancellationToken)
    {
        var user = await NowAsync(cancellationToken) ?? throw new ProblemException(401, "session_ended", "You are signed out. Sign in again, then repeat it.");
        return (await authorization.AuthorizeAsync(user, policy)).Succeeded
            ? user.Identity!.Name!
            : throw new ProblemException(403, "forbidden", "Your role does not allow this.");
    }

    /// <summary>Whether a page should offer it. What was offered is asked for again when it is used.</summary>
    public async Task<bool> MayAsync(string policy) => (await authorization.AuthorizeAsync(await BegunAsync(), policy)).Succeeded;

    /// <summary>As the page was opened.</summary>
    internal async Task<ClaimsPrincipal> BegunAsync() => (await authentication.GetAuthenticationStateAsync()).User;

    /// <summary>Null: the session has ended.</summary>
    internal async Task<ClaimsPrincipal?> NowAsync(CancellationToken cancellationToken) => await access.RefreshAsync(await BegunAsync(), cancellationToken);
}
