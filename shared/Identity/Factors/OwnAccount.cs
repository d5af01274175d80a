using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Identity.Factors;

/// <summary>What the person who is signed in changes of the own account. Only right after being asked again who it is, and every other session of the account ends with it.</summary>
internal sealed class OwnAccount(IDbContextFactory<AccountsDb> contexts, AuthenticatorSecrets secrets, ProtectedText protection, TimeProvider time)
{
    public static readonly TimeSpan ConfirmationLifetime = TimeSpan.FromMinutes(10);
    private const int LongestName = 64;
    private static readonly TimeSpan EnrolmentLifetime = TimeSpan.FromMinutes(10);

    /// <summary>The person of the session was asked again: changes are possible for a while.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="username">Of its person.</param>
    /// <param name="method">One of <see cref="SignInMethod"/>: a recovery code is gone with it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ConfirmAsync(byte[] session, string username, string method, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + ConfirmationLifetime;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(
            async () => await db.Sessions.Where(s => s.TokenHash == session).ExecuteUpdateAsync(s => s.SetProperty(r => r.ConfirmedUntil, until), cancellationToken) == 0
                ? null
                : new AuditEntry(username, "session.confirmed", username, AuditDetails.Of(("method", method))),
            cancellationToken);
    }

    public Task ChangePasswordAsync(byte[] session, string password, CancellationToken cancellationToken) => ChangeAsync(session, "account.password_changed", async (db, owner) =>
    {
        var hash = PasswordHashing.Hash(password);
        await db.Accounts.Where(a => a.Id == owner.Id).ExecuteUpdateAsync(s => s.SetProperty(a => a.PasswordHash, hash), cancellationToken);
        await db.Invitations.Where(i => i.Account == owner.Id).ExecuteDeleteAsync(cancellationToken);
        return [];
    }, cancellationToken);

    /// <summary>A secret for an authenticator app, and the same for the form that brings its first code. Nothing is stored yet.</summary>
    public (byte[] Secret, string Ticket) NewAuthenticator(byte[] session)
    {
        var secret = Totp.NewSecret();
        return (secret, protection.Protect(Convert.ToBase64String(secret), EnrolmentLifetime, Enrolment(session)));
    }

    /// <summary>The secret of a form; null: it is another session's, or too old.</summary>
    public byte[]? Enrolled(byte[] session, string ticket) => protection.Read(ticket, Enrolment(session)) is { } text ? Convert.FromBase64String(text) : null;

    /// <summary>In place of the app that there may be. Throws <see cref="ProblemException"/> 422 <c>code_refused</c> when the app does not show the right code.</summary>
    /// <returns>New recovery codes; null: there are some.</returns>
    public async Task<IReadOnlyList<string>?> AddAuthenticatorAsync(byte[] session, byte[] secret, string code, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var step = Totp.StepOf(secret, RecoveryCode.Plain(code), now) ?? throw new ProblemException(422, "code_refused", "That is not the code that the app has to show now. Are the clocks of phone and server right?");
        IReadOnlyList<string>? codes = null;
        await ChangeAsync(session, "account.factor_added", async (db, owner) =>
        {
            await db.Authenticators.Where(a => a.Account == owner.Id).ExecuteDeleteAsync(cancellationToken);
            db.Authenticators.Add(new AuthenticatorRow { Account = owner.Id, Ciphertext = secrets.Protect(owner.Subject, secret), LastStep = step, AddedAt = now });
            codes = await db.RecoveryCodes.AnyAsync(c => c.Account == owner.Id, cancellationToken) ? null : await ReplaceCodesAsync(db, owner.Id, cancellationToken);
            return [("factor", "totp")];
        }, cancellationToken);
        return codes;
    }

    /// <summary>Throws <see cref="ProblemException"/> 409 <c>passkey_exists</c>.</summary>
    /// <returns>New recovery codes; null: there are some.</returns>
    public async Task<IReadOnlyList<string>?> AddPasskeyAsync(byte[] session, UserPasskeyInfo passkey, string name, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        IReadOnlyList<string>? codes = null;
        try
        {
            await ChangeAsync(session, "account.factor_added", async (db, owner) =>
            {
                db.Passkeys.Add(new PasskeyRow
                {
                    CredentialId = passkey.CredentialId,
                    Account = owner.Id,
                    Name = PasskeyName(name),
                    PublicKey = passkey.PublicKey,
                    SignCount = passkey.SignCount,
                    Transports = passkey.Transports ?? [],
                    BackupEligible = passkey.IsBackupEligible,
                    BackedUp = passkey.IsBackedUp,
                    AddedAt = now,
                });
                codes = await db.RecoveryCodes.AnyAsync(c => c.Account == owner.Id, cancellationToken) ? null : await ReplaceCodesAsync(db, owner.Id, cancellationToken);
                return [("factor", "passkey")];
            }, cancellationToken);
            return codes;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw new ProblemException(409, "passkey_exists", "This passkey is one of an account already.", inner: e);
        }
    }

    /// <param name="session">Whose account.</param>
    /// <param name="credentialId">Another account's passkey is none here.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task RemovePasskeyAsync(byte[] session, byte[] credentialId, CancellationToken cancellationToken) => ChangeAsync(session, "account.factor_removed", async (db, owner) =>
    {
        if (await db.Passkeys.Where(p => p.Account == owner.Id && p.CredentialId == credentialId).ExecuteDeleteAsync(cancellationToken) == 0)
        {
            throw NoSuchPasskey();
        }

        await RemoveUselessCodesAsync(db, owner.Id, cancellationToken);
        return [("factor", "passkey")];
    }, cancellationToken);

    public Task RemoveAuthenticatorAsync(byte[] session, CancellationToken cancellationToken) => ChangeAsync(session, "account.factor_removed", async (db, owner) =>
    {
        await db.Authenticators.Where(a => a.Account == owner.Id).ExecuteDeleteAsync(cancellationToken);
        await RemoveUselessCodesAsync(db, owner.Id, cancellationToken);
        return [("factor", "totp")];
    }, cancellationToken);

    /// <summary>Those from before are worth nothing. Throws <see cref="ProblemException"/> 409 for an account without a second factor that they could stand for.</summary>
    public async Task<IReadOnlyList<string>> NewRecoveryCodesAsync(byte[] session, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> codes = [];
        await ChangeAsync(session, "account.recovery_codes_replaced", async (db, owner) =>
        {
            codes = await HasFactorAsync(db, owner.Id, cancellationToken)
                ? await ReplaceCodesAsync(db, owner.Id, cancellationToken)
                : throw new ProblemException(409, "no_second_factor", "Recovery codes stand in for a second factor. Add one first.");
            return [];
        }, cancellationToken);
        return codes;
    }

    /// <summary>Throws <see cref="ProblemException"/> 403 <c>not_confirmed</c>: the session is not one whose person was asked just now.</summary>
    private async Task ChangeAsync(byte[] session, string action, Func<AccountsDb, Owner, Task<(string Name, JsonNode? Value)[]>> change, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            // Locked: an administrator who disables or resets the account waits, or is waited for. One change of an account at a time.
            var owners = await db.Database.SqlQuery<Owner>(
                $"""
                SELECT a.id AS "Id", a.username AS "Username", a.subject AS "Subject" FROM accounts.sessions s JOIN accounts.accounts a ON a.id = s.account
                WHERE s.token_hash = {session} AND s.expires_at > {now} AND s.confirmed_until > {now} AND a.disabled_at IS NULL FOR UPDATE OF a FOR SHARE OF s
                """).ToListAsync(cancellationToken);
            var owner = owners.SingleOrDefault() ?? throw NotConfirmed();
            var details = await change(db, owner);
            await db.Sessions.Where(s => s.Account == owner.Id && s.TokenHash != session).ExecuteDeleteAsync(cancellationToken);
            return new AuditEntry(owner.Username, action, owner.Username, AuditDetails.Of(details));
        }, cancellationToken);
    }

    public static ProblemException NoSuchPasskey() => new(404, "passkey_not_found", "There is no such passkey any more.");

    public static ProblemException NotConfirmed() => new(403, "not_confirmed", "Say again who you are first.");

    private static async Task<IReadOnlyList<string>> ReplaceCodesAsync(AccountsDb db, long account, CancellationToken cancellationToken)
    {
        var codes = RecoveryCode.NewSet();
        await db.RecoveryCodes.Where(c => c.Account == account).ExecuteDeleteAsync(cancellationToken);
        db.RecoveryCodes.AddRange(codes.Select(code => new RecoveryCodeRow { Account = account, CodeHash = RecoveryCode.Hash(code)! }));
        return codes;
    }

    private static async Task RemoveUselessCodesAsync(AccountsDb db, long account, CancellationToken cancellationToken)
    {
        if (!await HasFactorAsync(db, account, cancellationToken))
        {
            await db.RecoveryCodes.Where(c => c.Account == account).ExecuteDeleteAsync(cancellationToken);
        }
    }

    private static async Task<bool> HasFactorAsync(AccountsDb db, long account, CancellationToken cancellationToken) =>
        await db.Authenticators.AnyAsync(a => a.Account == account, cancellationToken) || await db.Passkeys.AnyAsync(p => p.Account == account, cancellationToken);

    private static string PasskeyName(string typed) => string.Concat(typed.Trim().EnumerateRunes().Where(rune => !Rune.IsControl(rune)).Take(LongestName)) is { Length: > 0 } name ? name : "passkey";

    private static string[] Enrolment(byte[] session) => ["enrolment", Convert.ToHexStringLower(session)];

    private sealed record Owner(long Id, string Username, Guid Subject);
}
