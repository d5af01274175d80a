using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Identity;

/// <summary>Local accounts, as an administrator sees them. People choose their passwords themselves, by a link that works once. Every change is an audit entry.</summary>
public sealed class AccountAdministration
{
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromHours(24);
    private const long LastAdministratorLock = 0x6c61_7374_2061_646d;
    private readonly IDbContextFactory<AccountsDb> _contexts;
    private readonly TimeProvider _time;

    internal AccountAdministration(IDbContextFactory<AccountsDb> contexts, TimeProvider time) => (_contexts, _time) = (contexts, time);

    /// <summary>On the machine itself, without the host.</summary>
    public static AccountAdministration Create(NpgsqlDataSource database, TimeProvider time) => new(AccountsDb.CreateFactory(database), time);

    public async Task<IReadOnlyList<AccountView>> ListAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        return await db.Accounts.OrderBy(a => a.Username).Select(a => new AccountView
        {
            Username = a.Username,
            Roles = a.Roles,
            CreatedAt = a.CreatedAt,
            DisabledAt = a.DisabledAt,
            SecondFactors = Factors(db.Authenticators.Any(f => f.Account == a.Id), db.Passkeys.Any(p => p.Account == a.Id)),
            InvitedUntil = db.Invitations.Where(i => i.Account == a.Id && i.ExpiresAt > now).Select(i => (DateTimeOffset?)i.ExpiresAt).FirstOrDefault(),
            LastLogin = db.KnownAddresses.Where(k => k.Account == a.Id).Max(k => (DateTimeOffset?)k.LastLogin),
        }).ToListAsync(cancellationToken);
    }

    /// <returns>The token of its link. Throws <see cref="ProblemException"/> 400 or 409.</returns>
    public async Task<(string Token, DateTimeOffset ExpiresAt)> AddAsync(string username, IReadOnlyList<string> roles, string actor, CancellationToken cancellationToken)
    {
        AccountName.Require(username);
        AccountRoles.Require(roles);
        var (token, end) = NewToken();
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            await db.RunAuditedAsync(async () =>
            {
                var account = new AccountRow { Username = username, PasswordHash = null, Roles = [.. roles.Distinct(StringComparer.Ordinal)], Subject = Guid.NewGuid(), CreatedAt = _time.GetUtcNow() };
                db.Accounts.Add(account);
                await db.SaveChangesAsync(cancellationToken);
                db.Invitations.Add(new InvitationRow { Account = account.Id, TokenHash = SessionToken.Hash(token), ExpiresAt = end });
                return new AuditEntry(actor, "account.invited", username, AuditDetails.Of(("roles", string.Join(' ', roles))));
            }, cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw new ProblemException(409, "account_exists", $"There is an account {username} already.", inner: e);
        }

        return (token, end);
    }

    /// <summary>The password and all sessions are worth nothing from now on.</summary>
    /// <returns>The token of the link to another password.</returns>
    public async Task<(string Token, DateTimeOffset ExpiresAt)> ResetAsync(string username, string actor, CancellationToken cancellationToken)
    {
        var (token, end) = NewToken();
        await ChangeAsync(username, "account.reset", actor, async (db, account) =>
        {
            await db.Accounts.Where(a => a.Id == account.Id).ExecuteUpdateAsync(s => s.SetProperty(a => a.PasswordHash, (string?)null), cancellationToken);
            await EndSessionsAsync(db, account.Id, cancellationToken);
            await db.Invitations.Where(i => i.Account == account.Id).ExecuteDeleteAsync(cancellationToken);
            db.Invitations.Add(new InvitationRow { Account = account.Id, TokenHash = SessionToken.Hash(token), ExpiresAt = end });
        }, cancellationToken);
        return (token, end);
    }

    /// <summary>By the operator of the machine, for an account whose password is lost. It is enabled, too.</summary>
    public Task SetPasswordAsync(string username, string password, string actor, CancellationToken cancellationToken) => ChangeAsync(username, "account.password_replaced", actor, async (db, account) =>
    {
        var hash = PasswordHashing.Hash(password);
        await db.Accounts.Where(a => a.Id == account.Id)
            .ExecuteUpdateAsync(s => s.SetProperty(a => a.PasswordHash, hash).SetProperty(a => a.DisabledAt, (DateTimeOffset?)null), cancellationToken);
        await EndSessionsAsync(db, account.Id, cancellationToken);
        await db.Invitations.Where(i => i.Account == account.Id).ExecuteDeleteAsync(cancellationToken);
    }, cancellationToken);

    /// <summary>Ends its sessions, too.</summary>
    public Task DisableAsync(string username, string actor, CancellationToken cancellationToken) => ChangeAsync(username, "account.disabled", actor, async (db, account) =>
    {
        var now = _time.GetUtcNow();
        await db.Accounts.Where(a => a.Id == account.Id && a.DisabledAt == null).ExecuteUpdateAsync(s => s.SetProperty(a => a.DisabledAt, now), cancellationToken);
        await EndSessionsAsync(db, account.Id, cancellationToken);
        await RequireAdministratorAsync(db, cancellationToken);
    }, cancellationToken);

    public Task EnableAsync(string username, string actor, CancellationToken cancellationToken) => ChangeAsync(
        username, "account.enabled", actor,
        (db, account) => db.Accounts.Where(a => a.Id == account.Id).ExecuteUpdateAsync(s => s.SetProperty(a => a.DisabledAt, (DateTimeOffset?)null), cancellationToken), cancellationToken);

    /// <summary>Sessions have them at once, tokens of the issuer with their next refresh.</summary>
    public Task SetRolesAsync(string username, IReadOnlyList<string> roles, string actor, CancellationToken cancellationToken)
    {
        AccountRoles.Require(roles);
        string[] distinct = [.. roles.Distinct(StringComparer.Ordinal)];
        return ChangeAsync(username, "account.roles_changed", actor, async (db, account) =>
        {
            await db.Accounts.Where(a => a.Id == account.Id).ExecuteUpdateAsync(s => s.SetProperty(a => a.Roles, distinct), cancellationToken);
            await RequireAdministratorAsync(db, cancellationToken);
        }, cancellationToken, ("roles", string.Join(' ', distinct)));
    }

    /// <summary>For a person who has lost them all: the password alone opens the account again, and sessions end.</summary>
    public Task ResetFactorsAsync(string username, string actor, CancellationToken cancellationToken) => ChangeAsync(username, "account.factors_reset", actor, async (db, account) =>
    {
        await db.Authenticators.Where(f => f.Account == account.Id).ExecuteDeleteAsync(cancellationToken);
        await db.Passkeys.Where(p => p.Account == account.Id).ExecuteDeleteAsync(cancellationToken);
        await db.RecoveryCodes.Where(c => c.Account == account.Id).ExecuteDeleteAsync(cancellationToken);
        await EndSessionsAsync(db, account.Id, cancellationToken);
    }, cancellationToken);

    /// <summary>Whose link it is; null: it was used, its time is over, or it never was one.</summary>
    internal async Task<string?> InvitedAsync(string token, CancellationToken cancellationToken)
    {
        var (hash, now) = (SessionToken.Hash(token), _time.GetUtcNow());
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        return await (
            from invitation in db.Invitations
            where invitation.TokenHash == hash && invitation.ExpiresAt > now
            join account in db.Accounts on invitation.Account equals account.Id
            where account.DisabledAt == null
            select account.Username).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>False: the link is worth nothing any more.</summary>
    internal async Task<bool> ChooseAsync(string token, string password, CancellationToken cancellationToken)
    {
        if (await InvitedAsync(token, cancellationToken) is not { } username)
        {
            return false;
        }

        var (hash, passwordHash) = (SessionToken.Hash(token), PasswordHashing.Hash(password));
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        return await db.RunAuditedAsync(async () =>
        {
            // Deleting it decides who was first.
            if (await db.Invitations.Where(i => i.TokenHash == hash).ExecuteDeleteAsync(cancellationToken) == 0)
            {
                return null;
            }

            await db.Accounts.Where(a => a.Username == username).ExecuteUpdateAsync(s => s.SetProperty(a => a.PasswordHash, passwordHash), cancellationToken);
            return new AuditEntry(username, "account.password_chosen", username);
        }, cancellationToken);
    }

    private static string[] Factors(bool totp, bool passkey) => [.. totp ? ["totp"] : Array.Empty<string>(), .. passkey ? ["passkey"] : Array.Empty<string>()];

    private async Task ChangeAsync(
        string username, string action, string actor, Func<AccountsDb, AccountRow, Task> change, CancellationToken cancellationToken, params (string Name, JsonNode? Value)[] details)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            var account = await db.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.Username == username, cancellationToken)
                ?? throw new ProblemException(404, "account_not_found", $"There is no account {username}.");
            // A session or a factor that is being added is there before, and goes with the rest; or it waits, and finds what has changed.
            await db.Database.ExecuteSqlAsync($"SELECT FROM accounts.accounts WHERE id = {account.Id} FOR UPDATE", cancellationToken);
            await change(db, account);
            return new AuditEntry(actor, action, username, AuditDetails.Of(details));
        }, cancellationToken);
    }

    private static Task EndSessionsAsync(AccountsDb db, long account, CancellationToken cancellationToken) => db.Sessions.Where(s => s.Account == account).ExecuteDeleteAsync(cancellationToken);

    /// <summary>Two administrators at once must not take each other's rights.</summary>
    private static async Task RequireAdministratorAsync(AccountsDb db, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({LastAdministratorLock})", cancellationToken);
        if (!await db.Accounts.AnyAsync(a => a.DisabledAt == null && a.PasswordHash != null && a.Roles.Contains(Roles.Admin), cancellationToken))
        {
            throw new ProblemException(409, "last_administrator", "That would leave no account that administers this server.");
        }
    }

    private (string Token, DateTimeOffset ExpiresAt) NewToken() => (SessionToken.Create(), _time.GetUtcNow() + InvitationLifetime);
}
