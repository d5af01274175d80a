using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Portal;

/// <summary>
/// From a terminal into the browser: who has just signed in there gets a link that signs the same person in at the portal, once, within minutes. A session that came from a link makes no
/// further one, and neither does one that is older than a moment: otherwise a stolen session could live for ever.
/// </summary>
internal sealed class SignInLinks(SessionStore sessions, AccountStore accounts, LoginService logins, ProtectedText protection, UsedLogins used, PortalOptions portal, TimeProvider time)
{
    private const string Purpose = "sign-in-link";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    /// <summary>Throws 403 <c>sign_in_again</c> for a session that makes none.</summary>
    public async Task<SignInLink> CreateAsync(string sessionToken, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await sessions.FindAsync(SessionToken.Hash(sessionToken), cancellationToken) is not { } session || session.Method is SignInMethod.Link or SignInMethod.Device || now - session.Since > Fresh
            || await accounts.FindAsync(session.Subject, cancellationToken) is not { PasswordHash: not null } account)
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "sign_in_again", "Only who has just signed in with a password gets a link. Sign in again, then ask for it.");
        }

        var ticket = protection.Protect($"{account.Subject:D} {Fingerprint(account)} {SessionToken.Create()}", Lifetime, Purpose);
        return new SignInLink { Url = new Uri(portal.PublicUrl, $"{SignInLinkEndpoints.Path.TrimStart('/')}?ticket={Uri.EscapeDataString(ticket)}").AbsoluteUri, ExpiresAt = now + Lifetime };
    }

    /// <summary>The token of a new session; null: it is not ours, was used, is too old, or the password was replaced since.</summary>
    public async Task<string?> UseAsync(HttpContext context, string ticket)
    {
        if (protection.Read(ticket, Purpose)?.Split(' ') is not [var subject, var fingerprint, var once]
            || await accounts.FindAsync(Guid.Parse(subject), context.RequestAborted) is not { PasswordHash: not null } account || Fingerprint(account) != fingerprint
            || !await used.TryUseAsync(once, time.GetUtcNow() + Lifetime, context.RequestAborted))
        {
            return null;
        }

        return await logins.OpenAsync(account, SignInMethod.Link, context.Connection.RemoteIpAddress, context.RequestAborted);
    }

    private static string Fingerprint(Account account) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(account.PasswordHash!)));
}

internal static class SignInLinkEndpoints
{
    public const string Path = "/portal/link";

    public static void MapSignInLinks(this IEndpointRouteBuilder app, RouteGroupBuilder pages)
    {
        app.MapPost("/portal/sign-in-link", CreateAsync).RequireAuthorization(Policies.Viewer);
        pages.MapGet("/link", UseAsync).AllowAnonymous();
    }

    private static async Task<Ok<SignInLink>> CreateAsync(HttpContext context, SignInLinks links, CancellationToken cancellationToken)
    {
        var token = SessionAuthenticationHandler.TokenOf(context.Request)
            ?? throw new ProblemException(StatusCodes.Status403Forbidden, "sign_in_again", "Only a session of a local account gets a link.");
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await links.CreateAsync(token, cancellationToken));
    }

    private static async Task<IResult> UseAsync(HttpContext context, SignInLinks links, PortalCookie cookie, PortalPages pages)
    {
        if (await links.UseAsync(context, context.Request.Query["ticket"].ToString()) is not { } token)
        {
            return pages.Problem(new ProblemException(StatusCodes.Status404NotFound, "link_used", "This link does not work: it was used already, or its time is over. Sign in with name and password."));
        }

        await cookie.SignInAsync(context, new PortalSession(token, isLocal: true));
        return new PortalRedirect(ReturnPath.Home);
    }
}
