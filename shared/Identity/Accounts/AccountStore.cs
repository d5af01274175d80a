using System.Text.RegularExpressions;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Issuer;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Identity;

/// <summary>No record: it would print the hash.</summary>
internal sealed class Account
{
    public required long Id { get; init; }

    public required Guid Subject { get; init; }

    public required string Username { get; init; }

    /// <summary>Null: no password opens it.</summary>
    public required string? PasswordHash { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>The password alone does not open it.</summary>
    public required bool HasSecondFactor { get; init; }

    public Account With(string passwordHash) => new() { Id = Id, Subject = Subject, Username = Username, PasswordHash = passwordHash, Roles = Roles, HasSecondFactor = HasSecondFactor };
}

/// <summary>What an account may be called: lower case, so that no two names look alike to people and differ to us.</summary>
internal static partial class AccountName
{
    /// <summary>Throws <see cref="ProblemException"/> 400.</summary>
    public static void Require(string name)
    {
        if (!IsValid(name) || name.StartsWith(ServiceAccountName.Prefix, StringComparison.Ordinal))
        {
            throw new ProblemException(
                400, "bad_username", "A username is 1 to 64 of a-z, 0-9, dot, dash, underscore and @, and starts with a letter or digit, but not with service-account-.");
        }
    }

    public static bool IsValid(string name) => name.Length <= 64 && Pattern().IsMatch(name);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._@-]{0,63}\z", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Pattern();
}

internal static class AccountRoles
{
    /// <summary>Throws <see cref="ProblemException"/> 400.</summary>
    public static void Require(IReadOnlyList<string> roles)
    {
        if (roles.Count == 0 || roles.Except(Roles.All, StringComparer.Ordinal).Any())
        {
            throw new ProblemException(400, "bad_role", $"Roles are {Roles.Admin}, {Roles.Operator} and {Roles.Viewer}.");
        }
    }
}

/// <summary>Local accounts.</summary>
public sealed class AccountStore
{
    private readonly IDbContextFactory<AccountsDb> _contexts;
    private readonly TimeProvider _time;

    internal AccountStore(IDbContextFactory<AccountsDb> contexts, TimeProvider time)
    {
        _contexts = contexts;
        _time = time;
    }

    /// <summary>Throws <see cref="ProblemException"/> 409 <c>account_exists</c>, 400 <c>bad_username</c>, <c>bad_password</c> (8 to 256 characters) or <c>bad_role</c>.</summary>
    public async Task CreateAsync(string username, string password, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        AccountName.Require(username);
        if (password.Length is < PasswordHashing.MinLength or > PasswordHashing.MaxLength)
        {
            throw new ProblemException(400, "bad_password", $"A password has {PasswordHashing.MinLength} to {PasswordHashing.MaxLength} characters.");
        }

        AccountRoles.Require(roles);
        await InsertAsync(username, PasswordHashing.Hash(password), [.. roles], cancellationToken);
    }

    /// <summary>Known: the account was used from the address before.</summary>
    internal async Task<(Account? Account, bool Known)> FindAsync(string username, string address, CancellationToken cancellationToken)
    {
        var since = _time.GetUtcNow() - KnownAddresses.Lifetime;
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await Select(db, db.Accounts.Where(a => a.Username == username))
            .Select(a => new { Account = a, Known = db.KnownAddresses.Any(k => k.Account == a.Id && k.Address == address && k.LastLogin > since) })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null ? default : (found.Account, found.Known);
    }

    /// <summary>Null: there is no such account any more.</summary>
    internal async Task<Account?> FindAsync(Guid subject, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        return await Select(db, db.Accounts.Where(a => a.Subject == subject && a.DisabledAt == null)).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>False: it is another one by now.</summary>
    internal async Task<bool> ReplaceHashAsync(Account account, string hash, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        return await db.Accounts.Where(a => a.Id == account.Id && a.PasswordHash == account.PasswordHash)
            .ExecuteUpdateAsync(s => s.SetProperty(a => a.PasswordHash, hash), cancellationToken) > 0;
    }

    private static IQueryable<Account> Select(AccountsDb db, IQueryable<AccountRow> rows) => rows.Select(a => new Account
    {
        Id = a.Id,
        Subject = a.Subject,
        Username = a.Username,
        PasswordHash = a.DisabledAt == null ? a.PasswordHash : null,
        Roles = a.Roles,
        HasSecondFactor = db.Authenticators.Any(f => f.Account == a.Id) || db.Passkeys.Any(p => p.Account == a.Id),
    });

    private async Task InsertAsync(string username, string hash, string[] roles, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            await db.RunAuditedAsync(() =>
            {
                db.Accounts.Add(new AccountRow { Username = username, PasswordHash = hash, Roles = roles, Subject = Guid.NewGuid(), CreatedAt = now });
                return Task.FromResult<AuditEntry?>(new("system", "account.created", username, AuditDetails.Of(("roles", string.Join(' ', roles)))));
            }, cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw new ProblemException(409, "account_exists", $"There is an account {username} already.", inner: e);
        }
    }
}
