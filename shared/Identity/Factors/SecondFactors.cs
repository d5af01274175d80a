using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity.Factors;

/// <summary>
/// Checks the code of a second factor. Whoever gets here knew the password, so the limit is the account's, from all addresses together: a code has six
/// digits, and a thief of the password has as many addresses as he likes.
/// </summary>
internal sealed class SecondFactors(IDbContextFactory<AccountsDb> contexts, AuthenticatorSecrets secrets, AnonymousRefusals refusals, TimeProvider time)
{
    private const int LongestCode = 64;
    private readonly RateLimiter _attempts = new(time, burst: 5, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(15));

    /// <summary>Throws 401 <c>code_refused</c>, the same for every reason, or 429 with Retry-After.</summary>
    /// <returns>One of <see cref="SignInMethod"/>.</returns>
    public async Task<string> RequireAsync(Account account, string code, string address, CancellationToken cancellationToken)
    {
        var attempt = _attempts.Reserve(account.Username);
        if (code.Length <= LongestCode && await TakeAsync(account, RecoveryCode.Plain(code), cancellationToken) is { } method)
        {
            attempt.Forget();
            return method;
        }

        await refusals.RecordAsync(attempt.Limits ? "login.locked" : "login.failed", "second_factor", account.Username, address, cancellationToken);
        throw new ProblemException(401, "code_refused", "This code is wrong, was used already, or its time is over.");
    }

    /// <summary>Each code once: one statement decides who was first.</summary>
    private async Task<string?> TakeAsync(Account account, string code, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (RecoveryCode.Hash(code) is { } hash)
        {
            return await db.RecoveryCodes.Where(c => c.Account == account.Id && c.CodeHash == hash).ExecuteDeleteAsync(cancellationToken) == 1 ? SignInMethod.RecoveryCode : null;
        }

        // RFC 6238 section 5.2: not a second time after it was taken, nor an earlier one.
        return await db.Authenticators.AsNoTracking().SingleOrDefaultAsync(a => a.Account == account.Id, cancellationToken) is { } authenticator
            && secrets.Read(account.Subject, authenticator.Ciphertext) is { } secret && Totp.StepOf(secret, code, time.GetUtcNow()) is { } step
            && await db.Authenticators.Where(a => a.Account == account.Id && a.Ciphertext == authenticator.Ciphertext && a.LastStep < step)
                .ExecuteUpdateAsync(s => s.SetProperty(a => a.LastStep, step), cancellationToken) == 1
            ? SignInMethod.Totp
            : null;
    }
}

/// <summary>TOTP secrets as they are stored: encrypted, each for one account.</summary>
internal sealed class AuthenticatorSecrets(ProtectedText protection)
{
    public string Protect(Guid subject, ReadOnlySpan<byte> secret) => protection.Protect(Convert.ToBase64String(secret), Purpose(subject));

    /// <summary>Null: it was encrypted under a key that is gone, or for another account.</summary>
    public byte[]? Read(Guid subject, string ciphertext) => protection.Read(ciphertext, Purpose(subject)) is { } text ? Convert.FromBase64String(text) : null;

    private static string[] Purpose(Guid subject) => ["authenticator", subject.ToString("D")];
}
