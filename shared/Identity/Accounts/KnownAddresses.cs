using Npgsql;

namespace IoTPlatform.Identity;

/// <summary>The addresses that an account was used from with its password.</summary>
internal static class KnownAddresses
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);
    private const int MostPerAccount = 20;

    /// <summary>Keeps the latest.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Remember(long account, string address, DateTimeOffset now)
    {
        yield return new("INSERT INTO accounts.known_addresses (account, address, last_login) VALUES ($1, $2, $3) ON CONFLICT (account, address) DO UPDATE SET last_login = excluded.last_login")
        {
            Parameters = { new() { Value = account }, new() { Value = address }, new() { Value = now } },
        };
        yield return new("""
            DELETE FROM accounts.known_addresses
            WHERE account = $1 AND address IN (SELECT address FROM accounts.known_addresses WHERE account = $1 ORDER BY last_login DESC, address OFFSET $2)
            """)
        {
            Parameters = { new() { Value = account }, new() { Value = MostPerAccount } },
        };
    }
}
