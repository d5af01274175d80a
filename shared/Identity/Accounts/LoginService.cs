using System.Net;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity;

/// <summary>Checks a name and a password. An attempt is counted before it is made and given back when it was right.</summary>
internal sealed class LoginService(
    AccountStore accounts, SessionStore sessions, LoginLimits limits, PasswordQueue queue, IPasswordHasher<object> hasher, AnonymousRefusals refusals, ILogger<LoginService> logger)
{
    private const int LongestName = 64;

    /// <summary>Throws <see cref="ProblemException"/> 401 <c>login_failed</c>, the same for every reason, 429 with Retry-After, or 503 <c>busy</c>.</summary>
    public async Task<Account> CheckPasswordAsync(string username, string password, IPAddress? remote, CancellationToken cancellationToken)
    {
        var address = ClientAddress.Of(remote);
        var name = username.Length <= LongestName ? username : username[..LongestName];
        limits.ThrowIfWaiting(name, address);
        var wellFormed = AccountName.IsValid(username) && password.Length <= PasswordHashing.MaxLength;
        var (account, known) = wellFormed ? await accounts.FindAsync(username, address, cancellationToken) : default;
        return await VerifiedAsync(account, name, wellFormed ? password : "", address, known, cancellationToken) ?? throw Failed();
    }

    /// <summary>The token of a session. Throws 401 <c>login_failed</c> when the account was disabled, or its password replaced, since it was looked at.</summary>
    public async Task<string> OpenAsync(Account account, string method, IPAddress? remote, CancellationToken cancellationToken) =>
        await sessions.OpenAsync(account, method, ClientAddress.Of(remote), cancellationToken) ?? throw Failed();

    private static ProblemException Failed() => new(401, "login_failed", "Unknown name or wrong password.");

    /// <summary>With the hash as it is stored now; null: the password is wrong.</summary>
    private async Task<Account?> VerifiedAsync(Account? account, string name, string password, string address, bool known, CancellationToken cancellationToken)
    {
        LoginLimits.Attempt attempt;
        using (await queue.EnterAsync($"{address} {name}", known, cancellationToken))
        {
            attempt = limits.Reserve(name, address, known);
            if (PasswordHashing.Verify(account?.PasswordHash, password, out var outdated, hasher))
            {
                attempt.Succeeded();
                return outdated && PasswordHashing.Hash(password) is var newer && await accounts.ReplaceHashAsync(account!, newer, cancellationToken) ? account!.With(newer) : account;
            }
        }

        LoginLog.Failed(logger, AccountName.IsValid(name) ? name : "(no valid name)", address, attempt.Limits);
        // What was typed may be anything, a password too: only names of accounts are written.
        await refusals.RecordAsync(attempt.Limits ? "login.locked" : "login.failed", "password", account?.Username ?? "unknown", address, cancellationToken);
        return null;
    }
}

internal static partial class LoginLog
{
    [LoggerMessage(20, LogLevel.Warning, "login as {Username} from {Address} failed; locked: {Locked}")]
    public static partial void Failed(ILogger logger, string username, string address, bool locked);
}
