using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Issuer;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity.Portal;

/// <summary>Who may sign in here, and who is signed in.</summary>
public sealed record IdentityView
{
    public required IReadOnlyList<AccountView> Accounts { get; init; }

    /// <summary>Null: this host issues no tokens, another server does.</summary>
    public IReadOnlyList<ServiceAccountView>? Programs { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<SessionSummary> Sessions { get; init; }
}

/// <param name="Name">Names it and opens nothing: it is not what the browser has.</param>
/// <param name="Who">As in the audit log.</param>
/// <param name="Issuer">Of the account; null: this server.</param>
/// <param name="Method">How the person signed in; null: at the issuer.</param>
/// <param name="Address">From where; null: not known.</param>
public sealed record SessionSummary(string Name, string Who, string? Issuer, string? Method, string? Address, DateTimeOffset Since, DateTimeOffset ExpiresAt);

/// <summary>Accounts, programs and sessions for administrators.</summary>
public sealed class IdentityOverview : IGuarded
{
    private const int MostSessions = 200;
    private readonly IDbContextFactory<AccountsDb> _contexts;
    private readonly AccountAdministration _accounts;
    private readonly ServiceAccounts? _programs;
    private readonly TimeProvider _time;

    internal IdentityOverview(IDbContextFactory<AccountsDb> contexts, AccountAdministration accounts, ServiceAccounts? programs, TimeProvider time) =>
        (_contexts, _accounts, _programs, _time) = (contexts, accounts, programs, time);

    public static string Policy => Policies.Admin;

    public async Task<IdentityView> ReadAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var local = await (
            from session in db.Sessions.AsNoTracking()
            where session.ExpiresAt > now
            join account in db.Accounts on session.Account equals account.Id
            orderby session.CreatedAt descending
            select new { session.TokenHash, account.Username, session.Method, session.Address, session.CreatedAt, session.ExpiresAt }).Take(MostSessions).ToListAsync(cancellationToken);
        var foreign = await db.OidcSessions.AsNoTracking().Where(s => s.ExpiresAt > now).OrderByDescending(s => s.CreatedAt)
            .Select(s => new { s.TokenHash, s.Name, s.Issuer, s.CreatedAt, s.ExpiresAt }).Take(MostSessions).ToListAsync(cancellationToken);
        return new IdentityView
        {
            Accounts = await _accounts.ListAsync(cancellationToken),
            Programs = _programs is null ? null : await _programs.ListAsync(cancellationToken),
            Sessions =
            [
                .. local.Select(s => new SessionSummary(Convert.ToHexStringLower(s.TokenHash), s.Username, null, s.Method, s.Address, s.CreatedAt, s.ExpiresAt))
                    .Concat(foreign.Select(s => new SessionSummary(Convert.ToHexStringLower(s.TokenHash), s.Name, s.Issuer, null, null, s.CreatedAt, s.ExpiresAt))).OrderByDescending(s => s.Since).Take(MostSessions),
            ],
        };
    }

    /// <summary>Whoever's it is: its pages are led away within seconds. Does nothing where it has ended.</summary>
    public async Task EndAsync(string session, string actor, CancellationToken cancellationToken)
    {
        if (session.Length != 64 || !session.All(char.IsAsciiHexDigit))
        {
            throw new ProblemException(404, "no_such_session", "There is no such session.");
        }

        var hash = Convert.FromHexString(session);
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            var who = await db.Sessions.Where(s => s.TokenHash == hash).Join(db.Accounts, s => s.Account, a => a.Id, (_, a) => a.Username).SingleOrDefaultAsync(cancellationToken)
                ?? await db.OidcSessions.Where(s => s.TokenHash == hash).Select(s => s.Name).SingleOrDefaultAsync(cancellationToken);
            var ended = await db.Sessions.Where(s => s.TokenHash == hash).ExecuteDeleteAsync(cancellationToken) + await db.OidcSessions.Where(s => s.TokenHash == hash).ExecuteDeleteAsync(cancellationToken);
            return ended == 0 ? null : new AuditEntry(actor, "session.ended", who!, AuditDetails.Of(("sessions", ended)));
        }, cancellationToken);
    }
}
