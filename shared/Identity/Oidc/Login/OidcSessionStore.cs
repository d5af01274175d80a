using System.Security.Cryptography;
using IoTPlatform.Database;
using IoTPlatform.Identity.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The stored session of a user signed in at the identity provider. No record: it would print the tokens.</summary>
internal sealed class OidcSession
{
    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>As in the audit log: <c>oidc:…</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where the account is, when not at the issuer itself.</summary>
    public string? IdentityProvider { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Null: the session ends with its access token.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>A hint for the logout.</summary>
    public required string IdToken { get; init; }

    /// <summary>When to ask the identity provider again.</summary>
    public required DateTimeOffset RefreshAt { get; init; }

    /// <summary>Until when the roles are valid without a refresh.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>When the session ends at the latest.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>Sessions by the hash of the token that the browser's cookie holds. The identity provider's tokens are encrypted under the data folder's key.</summary>
internal sealed class OidcSessionStore(IDbContextFactory<AccountsDb> contexts, IDataProtectionProvider protection, TimeProvider time)
{
    private const int MaxPerPerson = 50;

    /// <summary>Opens a session and records the login, in one transaction. Clears expired sessions and a person's oldest ones beyond 50.</summary>
    public async Task<string> OpenAsync(OidcSession session, string address, CancellationToken cancellationToken)
    {
        var (token, now) = (SessionToken.Create(), time.GetUtcNow());
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            await db.OidcSessions.Where(s => s.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
            var oldest = db.OidcSessions.Where(s => s.Issuer == session.Issuer && s.Subject == session.Subject)
                .OrderByDescending(s => s.CreatedAt).Skip(MaxPerPerson - 1).Select(s => s.TokenHash);
            await db.OidcSessions.Where(s => oldest.Contains(s.TokenHash)).ExecuteDeleteAsync(cancellationToken);
            db.OidcSessions.Add(Row(SessionToken.Hash(token), session, now));
            var details = AuditDetails.Of(("address", address), ("issuer", session.Issuer), ("identity_provider", session.IdentityProvider));
            return new AuditEntry(session.Name, "login.succeeded", session.Name, details);
        }, cancellationToken);
        return token;
    }

    /// <summary>Null: no such session, it has expired, or its secrets were encrypted under a key that is gone.</summary>
    public async Task<OidcSession?> FindAsync(string token, CancellationToken cancellationToken)
    {
        var (hash, now) = (SessionToken.Hash(token), time.GetUtcNow());
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.OidcSessions.AsNoTracking().SingleOrDefaultAsync(s => s.TokenHash == hash && s.ExpiresAt > now, cancellationToken);
        if (row is null || Decrypt(hash, row.Ciphertext) is not [var idToken, var refreshToken])
        {
            return null;
        }

        return new OidcSession
        {
            Issuer = row.Issuer,
            Subject = row.Subject,
            Name = row.Name,
            IdentityProvider = row.IdentityProvider,
            Roles = row.Roles,
            IdToken = idToken,
            RefreshToken = refreshToken.Length == 0 ? null : refreshToken,
            RefreshAt = row.RefreshAt,
            ValidUntil = row.ValidUntil,
            ExpiresAt = row.ExpiresAt,
        };
    }

    /// <summary>What a refresh brought. False: the session has ended meanwhile, and stays ended.</summary>
    public async Task<bool> TryReplaceAsync(string token, OidcSession session, CancellationToken cancellationToken)
    {
        var hash = SessionToken.Hash(token);
        var (roles, ciphertext) = (session.Roles.ToArray(), Encrypt(hash, session));
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.OidcSessions.Where(s => s.TokenHash == hash).ExecuteUpdateAsync(
            s => s.SetProperty(x => x.Name, session.Name).SetProperty(x => x.Roles, roles).SetProperty(x => x.Ciphertext, ciphertext)
                .SetProperty(x => x.RefreshAt, session.RefreshAt).SetProperty(x => x.ValidUntil, session.ValidUntil),
            cancellationToken) == 1;
    }

    public async Task PostponeRefreshAsync(string token, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var hash = SessionToken.Hash(token);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.OidcSessions.Where(s => s.TokenHash == hash).ExecuteUpdateAsync(s => s.SetProperty(x => x.RefreshAt, until), cancellationToken);
    }

    /// <param name="token">The session's.</param>
    /// <param name="action">For the audit log: <c>logout</c>, or <c>session.ended</c> when the identity provider ended it.</param>
    /// <param name="name">Who was signed in.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task CloseAsync(string token, string action, string name, CancellationToken cancellationToken)
    {
        var hash = SessionToken.Hash(token);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(
            async () => await db.OidcSessions.Where(s => s.TokenHash == hash).ExecuteDeleteAsync(cancellationToken) > 0 ? new AuditEntry(name, action, name) : null,
            cancellationToken);
    }

    private OidcSessionRow Row(byte[] hash, OidcSession session, DateTimeOffset now) => new()
    {
        TokenHash = hash,
        Issuer = session.Issuer,
        Subject = session.Subject,
        Name = session.Name,
        IdentityProvider = session.IdentityProvider,
        Roles = [.. session.Roles],
        Ciphertext = Encrypt(hash, session),
        CreatedAt = now,
        RefreshAt = session.RefreshAt,
        ValidUntil = session.ValidUntil,
        ExpiresAt = session.ExpiresAt,
    };

    private string Encrypt(byte[] hash, OidcSession session) => Protector(hash).Protect($"{session.IdToken} {session.RefreshToken}");

    private string[]? Decrypt(byte[] hash, string ciphertext)
    {
        try
        {
            return Protector(hash).Unprotect(ciphertext).Split(' ');
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // The row is part of the purpose: tokens moved to another session don't decrypt.
    private IDataProtector Protector(byte[] hash) => protection.CreateProtector("accounts.oidc_sessions", Convert.ToHexStringLower(hash));
}
