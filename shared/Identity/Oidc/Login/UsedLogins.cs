using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Logins that came back, until they would have expired anyway: each comes back once, whoever has a copy of the browser's cookie.</summary>
internal sealed class UsedLogins(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>False: it has come back before.</summary>
    public async Task<bool> TryUseAsync(string login, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        await using var delete = database.CreateCommand("DELETE FROM accounts.oidc_used_logins WHERE expires_at <= $1");
        delete.Parameters.Add(new() { Value = time.GetUtcNow() });
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await using var insert = database.CreateCommand("INSERT INTO accounts.oidc_used_logins (state_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        insert.Parameters.Add(new() { Value = SHA256.HashData(Encoding.ASCII.GetBytes(login)) });
        insert.Parameters.Add(new() { Value = expires });
        return await insert.ExecuteNonQueryAsync(cancellationToken) == 1;
    }
}
