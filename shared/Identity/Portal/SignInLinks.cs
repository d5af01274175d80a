using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Portal;

/// <summary>
/// From a terminal into the browser: the operator of the machine gets a link that signs an account's person in at the portal, once, within minutes. It stands for
/// the password, so it opens no account that has a second factor, and ends when either changes.
/// </summary>
internal sealed class SignInLinks(AccountStore accounts, LoginService logins, ProtectedText protection, UsedLogins used, PortalOptions portal, TimeProvider time)
{
    private const string Purpose = "sign-in-link";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Throws 404 <c>account_not_found</c>, or 409 <c>no_link</c> for an account that its password alone does not open.</summary>
    public async Task<SignInLink> CreateAsync(string username, CancellationToken cancellationToken)
    {
        var (account, _) = await accounts.FindAsync(username, address: "", cancellationToken);
        if (account is null)
        {
            throw new ProblemException(StatusCodes.Status404NotFound, "account_not_found", $"There is no account {username}.");
        }

        if (!Opens(account))
        {
            throw new ProblemException(StatusCodes.Status409Conflict, "no_link", $"A link stands for a password, and the password alone does not open the account {username}: it is disabled, has no password yet, or has a second factor.");
        }

        var ticket = protection.Protect($"{account.Subject:D} {Fingerprint(account)} {SessionToken.Create()}", Lifetime, Purpose);
        return new SignInLink
        {
            Url = new Uri(portal.PublicUrl, $"{SignInLinkEndpoints.Path.TrimStart('/')}?ticket={Uri.EscapeDataString(ticket)}").AbsoluteUri,
            ExpiresAt = time.GetUtcNow() + Lifetime,
        };
    }

    /// <summary>Whom it would sign in, used before or not; null: it is not ours, is too old, or password or second factors changed since.</summary>
    public async Task<string?> WhomAsync(string ticket, CancellationToken cancellationToken) => (await ReadAsync(ticket, cancellationToken))?.Account.Username;

    /// <summary>The token of a new session; null: as <see cref="WhomAsync"/>, or it was used.</summary>
    public async Task<string?> UseAsync(HttpContext context, string ticket) =>
        await ReadAsync(ticket, context.RequestAborted) is var (account, once) && await used.TryUseAsync(once, time.GetUtcNow() + Lifetime, context.RequestAborted)
            ? await logins.OpenAsync(account, SignInMethod.Link, context.Connection.RemoteIpAddress, context.RequestAborted)
            : null;

    private async Task<(Account Account, string Once)?> ReadAsync(string ticket, CancellationToken cancellationToken) =>
        protection.Read(ticket, Purpose)?.Split(' ') is [var subject, var fingerprint, var once]
        && await accounts.FindAsync(Guid.Parse(subject), cancellationToken) is { } account && Opens(account) && Fingerprint(account) == fingerprint
            ? (account, once)
            : null;

    private static bool Opens(Account account) => account is { PasswordHash: not null, HasSecondFactor: false };

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

    public static void MapSignInLinks(this RouteGroupBuilder pages)
    {
        pages.MapGet("/link", ShowAsync).AllowAnonymous();
        pages.MapPost("/link", UseAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
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
