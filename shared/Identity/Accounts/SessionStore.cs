using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Database;
using Npgsql;

namespace IoTPlatform.Identity;

/// <summary>Sessions, looked up by the hash of their token: a lookup by hash gives no timing to learn a token from.</summary>
internal sealed class SessionStore(NpgsqlDataSource dataSource, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);
    private const int MaxPerAccount = 500;

    /// <summary>Opens a session, remembers the address and records the login, in one transaction. Clears expired sessions and an account's oldest ones beyond 500.</summary>
    public async Task<string> OpenAsync(Account account, string address, CancellationToken cancellationToken)
    {
        var token = SessionToken.Create();
        var now = time.GetUtcNow();
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("DELETE FROM accounts.sessions WHERE expires_at <= $1") { Parameters = { new() { Value = now } } },
                new("DELETE FROM accounts.sessions WHERE token_hash IN (SELECT token_hash FROM accounts.sessions WHERE account = $1 ORDER BY created_at DESC OFFSET $2)") { Parameters = { new() { Value = account.Id }, new() { Value = MaxPerAccount - 1 } } },
                new("INSERT INTO accounts.sessions (token_hash, account, created_at, expires_at) VALUES ($1, $2, $3, $4)") { Parameters = { new() { Value = SessionToken.Hash(token) }, new() { Value = account.Id }, new() { Value = now }, new() { Value = now + Lifetime } } },
            },
        };
        foreach (var command in KnownAddresses.Remember(account.Id, address, now))
        {
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        await AuditLog.AppendAsync(connection, new AuditEntry(account.Username, "login.succeeded", account.Username, AuditDetails.Of(("address", address))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return token;
    }

    /// <summary>Null: no such session, or it has expired.</summary>
    public async Task<(string Username, IReadOnlyList<string> Roles)?> FindAsync(string token, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT a.username, a.roles FROM accounts.sessions s JOIN accounts.accounts a ON a.id = s.account WHERE s.token_hash = $1 AND s.expires_at > $2");
        command.Parameters.Add(new NpgsqlParameter { Value = SessionToken.Hash(token) });
        command.Parameters.Add(new NpgsqlParameter { Value = time.GetUtcNow() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetString(0), reader.GetFieldValue<string[]>(1)) : null;
    }

    public async Task CloseAsync(string token, string username, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("DELETE FROM accounts.sessions WHERE token_hash = $1", connection) { Parameters = { new() { Value = SessionToken.Hash(token) } } };
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0)
        {
            await AuditLog.AppendAsync(connection, new AuditEntry(username, "logout", username), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}

/// <summary>An opaque bearer token of 256 random bits, 43 characters of base64url. Stored only as its SHA-256; so much entropy needs no salt.</summary>
internal static class SessionToken
{
    private const int Bytes = 32;
    private const int Characters = 43;

    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Whether it could be one of ours at all; other bearer tokens (JWTs) are left to their own endpoints.</summary>
    public static bool IsOne(string token) => token.Length == Characters && Base64Url.IsValid(token);

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));
}
