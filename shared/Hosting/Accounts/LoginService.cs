using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>Checks a name and a password, slowly for guessers: per name and address, per address, per name.</summary>
internal sealed class LoginService(AccountStore accounts, SessionStore sessions, AuditLog audit, TimeProvider time, ILogger<LoginService> logger)
{
    private const int Stripes = 16;
    private const int MaxWaiting = 256;

    // Somebody else's failures elsewhere hardly lock an account; his own address locks after five.
    private readonly FailureLimiter _perNameAndAddress = new(time, freeFailures: 5);
    private readonly FailureLimiter _perAddress = new(time, freeFailures: 25);
    private readonly FailureLimiter _perName = new(time, freeFailures: 50);

    // Attempts that share a name and address wait for each other, so a burst cannot slip through before the first failure counts.
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];
    private int _waiting;

    /// <summary>Throws <see cref="ProblemException"/> 401 <c>login_failed</c>, the same for every reason, or 429 with Retry-After.</summary>
    public async Task<(Account Account, string Token)> LoginAsync(string username, string password, IPAddress? address, CancellationToken cancellationToken)
    {
        var keys = new LoginKeys(username, address);
        var stripe = _stripes[(uint)StringComparer.Ordinal.GetHashCode(keys.NameAndAddress) % Stripes];
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ProblemException(503, "busy", "Too many logins at once.", TimeSpan.FromSeconds(1));
        }

        try
        {
            await stripe.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        try
        {
            return await CheckAsync(keys, username, password, cancellationToken);
        }
        finally
        {
            stripe.Release();
        }
    }

    private async Task<(Account Account, string Token)> CheckAsync(LoginKeys keys, string username, string password, CancellationToken cancellationToken)
    {
        _perNameAndAddress.ThrowIfBlocked(keys.NameAndAddress);
        _perAddress.ThrowIfBlocked(keys.Address);
        _perName.ThrowIfBlocked(keys.Name);
        var wellFormed = AccountName.IsValid(username) && password.Length <= PasswordHashing.MaxLength;
        var account = wellFormed ? await accounts.FindAsync(username, cancellationToken) : null;
        if (!PasswordHashing.Verify(account?.PasswordHash, wellFormed ? password : "", out var outdated))
        {
            await FailAsync(keys, AccountName.IsValid(username) ? username : "(no valid name)", cancellationToken);
        }

        _perNameAndAddress.Succeeded(keys.NameAndAddress);
        if (outdated)
        {
            await accounts.ReplaceHashAsync(account!, PasswordHashing.Hash(password), cancellationToken);
        }

        return (account!, await sessions.OpenAsync(account!, keys.Address, cancellationToken));
    }

    private async Task FailAsync(LoginKeys keys, string username, CancellationToken cancellationToken)
    {
        var locked = _perNameAndAddress.Failed(keys.NameAndAddress) | _perAddress.Failed(keys.Address) | _perName.Failed(keys.Name);
        LoginLog.Failed(logger, username, keys.Address, locked);
        await audit.AppendAsync(new AuditEntry("anonymous", locked ? "login.locked" : "login.failed", username, AuditDetails.Of(("address", keys.Address))), cancellationToken);
        throw new ProblemException(401, "login_failed", "Unknown name or wrong password.");
    }

    private sealed class LoginKeys(string username, IPAddress? address)
    {
        public string Name { get; } = username.Length <= 64 ? username : username[..64];

        public string Address { get; } = Network(address);

        public string NameAndAddress => $"{Address} {Name}";

        // One IPv6 customer has a /64 at least.
        private static string Network(IPAddress? address)
        {
            address = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
            return address is null ? "unknown"
                : address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), .. new byte[8]]) + "/64"
                : address.ToString();
        }
    }
}
