using System.Net;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity;

/// <summary>Checks a name and a password. An attempt is counted before it is made and given back when it was right.</summary>
internal sealed class LoginService(
    AccountStore accounts, SessionStore sessions, LoginLimits limits, PasswordQueue queue, AnonymousRefusals refusals, ILogger<LoginService> logger)
{
    private const int LongestName = 64;

    /// <summary>Throws <see cref="ProblemException"/> 401 <c>login_failed</c>, the same for every reason, 429 with Retry-After, or 503 <c>busy</c>.</summary>
    public async Task<(Account Account, string Token)> LoginAsync(string username, string password, IPAddress? remote, CancellationToken cancellationToken)
    {
        var address = ClientAddress.Of(remote);
        var name = username.Length <= LongestName ? username : username[..LongestName];
        limits.ThrowIfWaiting(name, address);
        var wellFormed = AccountName.IsValid(username) && password.Length <= PasswordHashing.MaxLength;
        var (account, known) = wellFormed ? await accounts.FindAsync(username, address, cancellationToken) : default;
        return await VerifiedHashAsync(account, name, wellFormed ? password : "", address, known, cancellationToken) is { } hash
            && await sessions.OpenAsync(account!, hash, address, cancellationToken) is { } token
            ? (account!, token)
            : throw new ProblemException(401, "login_failed", "Unknown name or wrong password.");
    }

    /// <summary>The hash that the password fits, as it is stored now; null: it is wrong.</summary>
    private async Task<string?> VerifiedHashAsync(Account? account, string name, string password, string address, bool known, CancellationToken cancellationToken)
    {
        LoginLimits.Attempt attempt;
        using (await queue.EnterAsync($"{address} {name}", known, cancellationToken))
        {
            attempt = limits.Reserve(name, address, known);
            if (PasswordHashing.Verify(account?.PasswordHash, password, out var outdated))
            {
                attempt.Succeeded();
                var hash = account!.PasswordHash!;
                if (outdated && PasswordHashing.Hash(password) is var newer && await accounts.ReplaceHashAsync(account, newer, cancellationToken))
                {
                    hash = newer;
                }

                return hash;
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
