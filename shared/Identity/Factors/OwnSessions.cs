using IoTPlatform.Database;
using IoTPlatform.Identity.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity.Factors;

/// <summary>What a person sees of the own account.</summary>
internal sealed record OwnAccountView
{
    public required long Id { get; init; }

    public required Guid Subject { get; init; }

    public required string Username { get; init; }

    /// <summary>Just asked again: changes are possible.</summary>
    public required bool IsConfirmed { get; init; }

    /// <summary>Null: there is no authenticator app.</summary>
    public required DateTimeOffset? AuthenticatorSince { get; init; }

    public required int RecoveryCodes { get; init; }

    public required IReadOnlyList<OwnPasskey> Passkeys { get; init; }

    public bool HasSecondFactor => AuthenticatorSince is not null || Passkeys.Count > 0;

    public required IReadOnlyList<OwnSession> Sessions { get; init; }
}

internal sealed record OwnPasskey(byte[] CredentialId, string Name, DateTimeOffset AddedAt, DateTimeOffset? LastUsed)
{
    public string Id => Convert.ToHexStringLower(CredentialId);
}

internal sealed record OwnSession(byte[] Hash, DateTimeOffset Since, DateTimeOffset ExpiresAt, string Method, string? Address, IReadOnlyList<string> Clients)
{
    /// <summary>Names it and opens nothing: it is not what the browser has.</summary>
    public string Name => Convert.ToHexStringLower(Hash);
}

/// <summary>A person's own account and sessions. Ending one needs no second question: it takes rights away.</summary>
internal sealed class OwnSessions(IDbContextFactory<AccountsDb> contexts, TimeProvider time)
{
    /// <summary>Null: there is no such session any more.</summary>
    public async Task<OwnAccountView?> FindAsync(byte[] session, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await (
            from own in db.Sessions
            where own.TokenHash == session && own.ExpiresAt > now
            join account in db.Accounts on own.Account equals account.Id
            where account.DisabledAt == null
            select new
            {
                account.Id,
                account.Subject,
                account.Username,
                IsConfirmed = own.ConfirmedUntil > now,
                AuthenticatorSince = db.Authenticators.Where(a => a.Account == account.Id).Select(a => (DateTimeOffset?)a.AddedAt).FirstOrDefault(),
                RecoveryCodes = db.RecoveryCodes.Count(c => c.Account == account.Id),
            }).SingleOrDefaultAsync(cancellationToken);
        if (found is null)
        {
            return null;
        }

        var sessions = await db.Sessions.AsNoTracking().Where(s => s.Account == found.Id && s.ExpiresAt > now).OrderByDescending(s => s.CreatedAt)
            .Select(s => new OwnSession(s.TokenHash, s.CreatedAt, s.ExpiresAt, s.Method, s.Address, db.SessionClients.Where(c => c.TokenHash == s.TokenHash).OrderBy(c => c.ClientId).Select(c => c.ClientId).ToList()))
            .ToListAsync(cancellationToken);
        var passkeys = await db.Passkeys.Where(p => p.Account == found.Id).OrderBy(p => p.AddedAt).Select(p => new OwnPasskey(p.CredentialId, p.Name, p.AddedAt, p.LastUsed)).ToListAsync(cancellationToken);
        return new OwnAccountView
        {
            Id = found.Id,
            Subject = found.Subject,
            Username = found.Username,
            IsConfirmed = found.IsConfirmed,
            AuthenticatorSince = found.AuthenticatorSince,
            RecoveryCodes = found.RecoveryCodes,
            Passkeys = passkeys,
            Sessions = sessions,
        };
    }

    /// <param name="account">Whose: another person's session is none here.</param>
    /// <param name="name">Of one; null: all but the current one.</param>
    /// <param name="current">Never ended here: that is signing out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task EndAsync(OwnAccountView account, string? name, byte[] current, CancellationToken cancellationToken)
    {
        var hashes = account.Sessions.Where(s => !s.Hash.AsSpan().SequenceEqual(current) && (name is null || s.Name == name)).Select(s => s.Hash).ToList();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () => await db.Sessions.Where(s => s.Account == account.Id && hashes.Contains(s.TokenHash)).ExecuteDeleteAsync(cancellationToken) is > 0 and var ended
            ? new AuditEntry(account.Username, "session.ended", account.Username, AuditDetails.Of(("sessions", ended)))
            : null, cancellationToken);
    }
}
