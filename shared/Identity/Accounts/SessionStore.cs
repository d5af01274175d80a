using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Database;
using IoTPlatform.Identity.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity;

/// <summary>Sessions, looked up by the hash of their token: a lookup by hash gives no timing to learn a token from.</summary>
internal sealed class SessionStore(IDbContextFactory<AccountsDb> contexts, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);
    private const int MaxPerAccount = 500;

    /// <summary>Opens a session, remembers the address and records the login, in one transaction. Clears expired sessions and an account's oldest ones beyond 500.</summary>
    /// <returns>Null: the account was disabled, its password replaced, or a second factor added, since it was looked at.</returns>
    public async Task<string?> OpenAsync(Account account, string method, string address, CancellationToken cancellationToken)
    {
        var (token, now) = (SessionToken.Create(), time.GetUtcNow());
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var isOpen = false;
        await db.RunAuditedAsync(async () =>
        {
            // Locked: who changes the account now waits, and then finds this session to end.
            var same = await db.Database.SqlQuery<long>(
                $"""SELECT id AS "Value" FROM accounts.accounts WHERE id = {account.Id} AND password_hash = {account.PasswordHash} AND disabled_at IS NULL FOR SHARE""").ToListAsync(cancellationToken);
            // A factor that was added since the password was looked at is asked for the next time.
            isOpen = same.Count == 1 && (method is not (SignInMethod.Password or SignInMethod.Link)
                || !(await db.Authenticators.AnyAsync(f => f.Account == account.Id, cancellationToken) || await db.Passkeys.AnyAsync(p => p.Account == account.Id, cancellationToken)));
            if (!isOpen)
            {
                return null;
            }

            await db.Sessions.Where(s => s.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
            var oldest = db.Sessions.Where(s => s.Account == account.Id).OrderByDescending(s => s.CreatedAt).Skip(MaxPerAccount - 1).Select(s => s.TokenHash);
            await db.Sessions.Where(s => oldest.Contains(s.TokenHash)).ExecuteDeleteAsync(cancellationToken);
            db.Sessions.Add(new SessionRow { TokenHash = SessionToken.Hash(token), Account = account.Id, CreatedAt = now, ExpiresAt = now + Lifetime, Method = method, Address = address });
            await KnownAddresses.RememberAsync(db, account.Id, address, now, cancellationToken);
            return new AuditEntry(account.Username, "login.succeeded", account.Username, AuditDetails.Of(("address", address), ("method", method)));
        }, cancellationToken);
        return isOpen ? token : null;
    }

    /// <summary>Null: no such session, or it has expired.</summary>
    public async Task<(string Username, IReadOnlyList<string> Roles)?> FindAsync(string token, CancellationToken cancellationToken)
    {
        var (hash, now) = (SessionToken.Hash(token), time.GetUtcNow());
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await (
            from session in db.Sessions
            where session.TokenHash == hash && session.ExpiresAt > now
            join account in db.Accounts on session.Account equals account.Id
            where account.DisabledAt == null
            select new { account.Username, account.Roles }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : (found.Username, found.Roles);
    }

    /// <summary>Null: no such session, or it has expired.</summary>
    public async Task<SignedInAccount?> FindAsync(byte[] tokenHash, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await (
            from session in db.Sessions
            where session.TokenHash == tokenHash && session.ExpiresAt > now
            join account in db.Accounts on session.Account equals account.Id
            where account.DisabledAt == null
            select new SignedInAccount(account.Subject, account.Username, account.Roles, session.CreatedAt, session.Method, tokenHash)).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>The first use of a session for a client is an audit entry. Further ones are not: any site can cause them, as often as it likes.</summary>
    public async Task UsedForAsync(SignedInAccount account, string clientId, CancellationToken cancellationToken)
    {
        var (hash, now) = (account.SessionHash, time.GetUtcNow());
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // SQL: several requests at once, and a session that may end meanwhile.
        await db.RunAuditedAsync(async () => await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO accounts.session_clients (token_hash, client_id, first_used)
            SELECT token_hash, {clientId}, {now} FROM accounts.sessions WHERE token_hash = {hash} FOR KEY SHARE
            ON CONFLICT DO NOTHING
            """, cancellationToken) == 0 ? null : new AuditEntry(account.Username, "login.authorized", clientId), cancellationToken);
    }

    /// <summary>A session that a client works by and no browser has: it goes on when the person signs out here. Nothing knows its token.</summary>
    /// <returns>Null: the browser's own session has ended.</returns>
    public async Task<SignedInAccount?> OpenForAsync(SignedInAccount account, string clientId, string flow, CancellationToken cancellationToken)
    {
        var (hash, now) = (SessionToken.Hash(SessionToken.Create()), time.GetUtcNow());
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var isOpen = false;
        await db.RunAuditedAsync(async () =>
        {
            // Locked: who ends the account's sessions now waits, and then finds this one, too.
            var owners = await db.Database.SqlQuery<long>(
                $"""
                SELECT a.id AS "Value" FROM accounts.sessions s JOIN accounts.accounts a ON a.id = s.account
                WHERE s.token_hash = {account.SessionHash} AND a.disabled_at IS NULL FOR SHARE OF a, s
                """).ToListAsync(cancellationToken);
            isOpen = owners.Count == 1;
            if (!isOpen)
            {
                return null;
            }

            var owner = owners[0];
            db.Sessions.Add(new SessionRow { TokenHash = hash, Account = owner, CreatedAt = now, ExpiresAt = now + Lifetime, Method = SignInMethod.Device, Address = null });
            await db.SaveChangesAsync(cancellationToken);
            await db.Database.ExecuteSqlAsync($"INSERT INTO accounts.session_clients (token_hash, client_id, first_used) VALUES ({hash}, {clientId}, {now})", cancellationToken);
            return new AuditEntry(account.Username, "login.authorized", clientId, AuditDetails.Of(("flow", flow)));
        }, cancellationToken);
        return isOpen ? account with { SessionHash = hash } : null;
    }

    public async Task CloseAsync(string token, string username, CancellationToken cancellationToken)
    {
        var hash = SessionToken.Hash(token);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(
            async () => await db.Sessions.Where(s => s.TokenHash == hash).ExecuteDeleteAsync(cancellationToken) > 0 ? new AuditEntry(username, "logout", username) : null,
            cancellationToken);
    }
}

/// <summary>What a session was opened with.</summary>
internal static class SignInMethod
{
    public const string Password = "password";
    public const string Totp = "password+totp";
    public const string RecoveryCode = "password+recovery_code";
    public const string PasswordAndPasskey = "password+passkey";
    public const string Passkey = "passkey";
    public const string Device = "device";
    public const string Link = "link";
}

/// <summary>Whose session one is, with the roles of now.</summary>
internal sealed record SignedInAccount(Guid Subject, string Username, IReadOnlyList<string> Roles, DateTimeOffset Since, string Method, byte[] SessionHash);

/// <summary>An opaque bearer token of 256 random bits, 43 characters of base64url. Stored only as its SHA-256; so much entropy needs no salt.</summary>
internal static class SessionToken
{
    private const int Bytes = 32;
    private const int Characters = 43;

    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Whether it could be one of ours at all; other bearer tokens (JWTs) are left to their own endpoints.</summary>
    public static bool IsOne(string token) => token.Length == Characters && Base64Url.IsValid(token);

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));
}
