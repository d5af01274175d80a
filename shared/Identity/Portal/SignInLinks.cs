using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
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

        var ticket = protection.Protect($"{Convert.ToHexStringLower(session.SessionHash)} {Fingerprint(account)} {SessionToken.Create()}", Lifetime, Purpose);
        return new SignInLink { Url = new Uri(portal.PublicUrl, $"{SignInLinkEndpoints.Path.TrimStart('/')}?ticket={Uri.EscapeDataString(ticket)}").AbsoluteUri, ExpiresAt = now + Lifetime };
    }

    /// <summary>Whom it would sign in, used before or not; null: it is not ours, is too old, the password was replaced since, or the session that asked for it has ended.</summary>
    public async Task<string?> WhomAsync(string ticket, CancellationToken cancellationToken) => (await ReadAsync(ticket, cancellationToken))?.Account.Username;

    /// <summary>The token of a new session; null: as <see cref="WhomAsync"/>, or it was used.</summary>
    public async Task<string?> UseAsync(HttpContext context, string ticket) =>
        await ReadAsync(ticket, context.RequestAborted) is var (account, once) && await used.TryUseAsync(once, time.GetUtcNow() + Lifetime, context.RequestAborted)
            ? await logins.OpenAsync(account, SignInMethod.Link, context.Connection.RemoteIpAddress, context.RequestAborted)
            : null;

    // Whatever ends the session ends its links, too: a second factor that was added since, for one.
    private async Task<(Account Account, string Once)?> ReadAsync(string ticket, CancellationToken cancellationToken) =>
        protection.Read(ticket, Purpose)?.Split(' ') is [var session, var fingerprint, var once]
        && await sessions.FindAsync(Convert.FromHexString(session), cancellationToken) is { } asked
        && await accounts.FindAsync(asked.Subject, cancellationToken) is { PasswordHash: not null } account && Fingerprint(account) == fingerprint
            ? (account, once)
            : null;

    private static string Fingerprint(Account account) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(account.PasswordHash!)));
}

/// <summary>
/// Opening a link signs nobody in, a click on its page does: any site can send a browser to a link of its own making, and its person would go on as somebody
/// else without a notice (login CSRF).
/// </summary>
internal static class SignInLinkEndpoints
{
    public const string Path = "/portal/link";
    private const int MaxForm = 16 * 1024;

    public static void MapSignInLinks(this IEndpointRouteBuilder app, RouteGroupBuilder pages)
    {
        app.MapPost("/portal/sign-in-link", CreateAsync).RequireAuthorization(Policies.Viewer);
        pages.MapGet("/link", ShowAsync).AllowAnonymous();
        pages.MapPost("/link", UseAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
    }

    private static async Task<Ok<SignInLink>> CreateAsync(HttpContext context, SignInLinks links, CancellationToken cancellationToken)
    {
        var token = SessionAuthenticationHandler.TokenOf(context.Request)
            ?? throw new ProblemException(StatusCodes.Status403Forbidden, "sign_in_again", "Only a session of a local account gets a link.");
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await links.CreateAsync(token, cancellationToken));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, SignInLinks links, PortalCookie cookie, PortalPages pages, PortalForgery forgery, CancellationToken cancellationToken)
    {
        var ticket = context.Request.Query[SignInSteps.TicketField].ToString();
        return await links.WhomAsync(ticket, cancellationToken) is not { } username ? Gone(pages) : new PortalPage(pages.Frame("Sign in", $"""
            <section>
            <h1>Sign in as <span id="account">{username}</span>?</h1>
            <p>Only if you asked for this link yourself: who did sees what is done under that name.</p>
            <form method="post" action="{Path}">{PortalPages.Hidden(forgery.TokensFor(context, cookie.Read(context)))}<input type="hidden" name="{SignInSteps.TicketField}" value="{ticket}">
            <button class="button" type="submit">Sign in</button></form>
            </section>
            """));
    }

    private static async Task<IResult> UseAsync(HttpContext context, SignInLinks links, PortalCookie cookie, PortalPages pages, PortalForgery forgery, CancellationToken cancellationToken)
    {
        await forgery.RequireAsync(context, cookie.Read(context));
        var ticket = (await context.Request.ReadFormAsync(cancellationToken))[SignInSteps.TicketField].ToString();
        if (await links.UseAsync(context, ticket) is not { } token)
        {
            return Gone(pages);
        }

        await cookie.SignInAsync(context, new PortalSession(token, isLocal: true));
        return new PortalRedirect(ReturnPath.Home);
    }

    private static PortalPage Gone(PortalPages pages) => pages.Problem(
        new ProblemException(StatusCodes.Status404NotFound, "link_used", "This link does not work: it was used already, or its time is over. Sign in with name and password."));
}
