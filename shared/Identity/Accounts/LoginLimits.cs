using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity;

/// <summary>
/// Limits password attempts. A pair of address and account is always limited. The limits of an address or an account as a whole apply to
/// unknown addresses only: an address the account was used from is exempt, so that an attack from elsewhere does not lock the user out.
/// </summary>
internal sealed class LoginLimits(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly RateLimiter _nameAtAddress = new(time, burst: 5, First, Longest);
    private readonly RateLimiter _address = new(time, burst: 25, First, Longest);
    private readonly RateLimiter _name = new(time, burst: 50, First, Longest);

    /// <summary>Before anything is done for a caller. Throws 429 while it has to wait anyway.</summary>
    public void ThrowIfWaiting(string name, string address) => _nameAtAddress.ThrowIfWaiting(Pair(name, address));

    /// <summary>Counts an attempt that is about to be made. Throws 429.</summary>
    public Attempt Reserve(string name, string address, bool known)
    {
        var reserved = new List<Reservation>(3) { _nameAtAddress.Reserve(Pair(name, address)) };
        try
        {
            if (!known)
            {
                reserved.Add(_address.Reserve(address));
                reserved.Add(_name.Reserve(name));
            }
        }
        catch
        {
            reserved.ForEach(r => r.GiveBack());
            throw;
        }

        return new Attempt(reserved);
    }

    private static string Pair(string name, string address) => $"{address} {name}";

    public sealed class Attempt(List<Reservation> reserved)
    {
        /// <summary>One of the limits is reached with this attempt.</summary>
        public bool Limits => reserved.Any(r => r.Limits);

        public void Succeeded()
        {
            reserved[0].Forget();
            reserved.Skip(1).ToList().ForEach(r => r.GiveBack());
        }
    }
}

/// <summary>The addresses that an account was used from with its password.</summary>
internal static class KnownAddresses
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);
    private const int MostPerAccount = 20;

    /// <summary>Keeps the latest. In the context's transaction.</summary>
    public static async Task RememberAsync(AccountsDb db, long account, string address, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // SQL: two logins from one address at once both succeed.
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO accounts.known_addresses (account, address, last_login) VALUES ({account}, {address}, {now}) ON CONFLICT (account, address) DO UPDATE SET last_login = excluded.last_login",
            cancellationToken);
        var known = db.KnownAddresses.Where(a => a.Account == account);
        var older = known.OrderByDescending(a => a.LastLogin).ThenBy(a => a.Address).Skip(MostPerAccount).Select(a => a.Address);
        await known.Where(a => older.Contains(a.Address)).ExecuteDeleteAsync(cancellationToken);
    }
}
