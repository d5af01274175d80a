using System.Globalization;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Who is signed in at the issuer: a local account's session in the portal's cookie. One sign-in for both, and one sign-out.</summary>
internal sealed class IssuerSessions(PortalCookie cookie, SessionStore sessions)
{
    /// <summary>Null: this browser is not signed in with an account of this server.</summary>
    public async Task<SignedInAccount?> FindAsync(HttpContext context) =>
        cookie.Read(context) is { IsLocal: true } session ? await FindAsync(SessionToken.Hash(session.Token), context.RequestAborted) : null;

    /// <summary>As it is now; null: it has ended since.</summary>
    public Task<SignedInAccount?> FindAsync(byte[] hash, CancellationToken cancellationToken) => sessions.FindAsync(hash, cancellationToken);

    public Task SignOutAsync(HttpContext context) => cookie.SignOutAsync(context);

    /// <summary>Records that the session signs its person in for the client.</summary>
    public Task UsedForAsync(SignedInAccount account, string clientId, CancellationToken cancellationToken) => sessions.UsedForAsync(account, clientId, cancellationToken);

    /// <summary>A session of its own for a program that the person let in; null: the person's own has ended.</summary>
    /// <param name="account">Who.</param>
    /// <param name="clientId">What was let in.</param>
    /// <param name="flow">How, for the audit log.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<SignedInAccount?> OpenForAsync(SignedInAccount account, string clientId, string flow, CancellationToken cancellationToken) => sessions.OpenForAsync(account, clientId, flow, cancellationToken);

    public PortalSession? Current(HttpContext context) => cookie.Read(context);

    public static string SubjectOf(SignedInAccount account) => account.Subject.ToString("D", CultureInfo.InvariantCulture);
}
