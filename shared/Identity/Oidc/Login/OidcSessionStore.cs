using System.Security.Cryptography;
using IoTPlatform.Database;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Somebody signed in at the identity provider, as this server keeps it. No record: it would print the tokens.</summary>
internal sealed class OidcSession
{
    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>As in the audit log: <c>oidc:…</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where the account is, when not at the issuer itself.</summary>
    public string? IdentityProvider { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Null: the session ends with its access token.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>A hint for the logout.</summary>
    public required string IdToken { get; init; }

    /// <summary>When to ask the identity provider again.</summary>
    public required DateTimeOffset RefreshAt { get; init; }

    /// <summary>Until when the roles are believed without asking.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>When the session ends at the latest.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>Sessions by the hash of the token that the browser's cookie holds. The identity provider's tokens are encrypted under the data folder's key.</summary>
internal sealed class OidcSessionStore(NpgsqlDataSource database, IDataProtectionProvider protection, TimeProvider time)
{
    private const int MaxPerPerson = 50;

    /// <summary>Opens a session and records the login, in one transaction. Clears expired sessions and a person's oldest ones beyond 50.</summary>
    public async Task<string> OpenAsync(OidcSession session, string address, CancellationToken cancellationToken)
    {
        var token = SessionToken.Create();
        var hash = SessionToken.Hash(token);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("DELETE FROM accounts.oidc_sessions WHERE expires_at <= $1") { Parameters = { new() { Value = now } } },
                new("DELETE FROM accounts.oidc_sessions WHERE token_hash IN (SELECT token_hash FROM accounts.oidc_sessions WHERE issuer = $1 AND subject = $2 ORDER BY created_at DESC OFFSET $3)")
                {
                    Parameters = { new() { Value = session.Issuer }, new() { Value = session.Subject }, new() { Value = MaxPerPerson - 1 } },
                },
                new("""
                    INSERT INTO accounts.oidc_sessions (token_hash, issuer, subject, name, identity_provider, roles, ciphertext, created_at, refresh_at, valid_until, expires_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                    """)
                {
                    Parameters =
                    {
                        new() { Value = hash }, new() { Value = session.Issuer }, new() { Value = session.Subject }, new() { Value = session.Name },
                        new() { Value = session.IdentityProvider ?? (object)DBNull.Value }, new() { Value = session.Roles.ToArray() }, new() { Value = Encrypt(hash, session) },
                        new() { Value = now }, new() { Value = session.RefreshAt }, new() { Value = session.ValidUntil }, new() { Value = session.ExpiresAt },
                    },
                },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        var details = AuditDetails.Of(("address", address), ("issuer", session.Issuer), ("identity_provider", session.IdentityProvider));
        await AuditLog.AppendAsync(connection, new AuditEntry(session.Name, "login.succeeded", session.Name, details), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return token;
    }

    /// <summary>Null: no such session, it has expired, or its secrets were encrypted under a key that is gone.</summary>
    public async Task<OidcSession?> FindAsync(string token, CancellationToken cancellationToken)
    {
        var hash = SessionToken.Hash(token);
        await using var command = database.CreateCommand(
            "SELECT issuer, subject, name, identity_provider, roles, ciphertext, refresh_at, valid_until, expires_at FROM accounts.oidc_sessions WHERE token_hash = $1 AND expires_at > $2");
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken) || Decrypt(hash, reader.GetString(5)) is not [var idToken, var refreshToken])
        {
            return null;
        }

        return new OidcSession
        {
            Issuer = reader.GetString(0),
            Subject = reader.GetString(1),
            Name = reader.GetString(2),
            IdentityProvider = reader.IsDBNull(3) ? null : reader.GetString(3),
            Roles = reader.GetFieldValue<string[]>(4),
            IdToken = idToken,
            RefreshToken = refreshToken.Length == 0 ? null : refreshToken,
            RefreshAt = reader.GetFieldValue<DateTimeOffset>(6),
            ValidUntil = reader.GetFieldValue<DateTimeOffset>(7),
            ExpiresAt = reader.GetFieldValue<DateTimeOffset>(8),
        };
    }

    /// <summary>What a refresh brought. False: the session has ended meanwhile, and stays ended.</summary>
    public async Task<bool> TryReplaceAsync(string token, OidcSession session, CancellationToken cancellationToken)
    {
        var hash = SessionToken.Hash(token);
        await using var command = database.CreateCommand(
            "UPDATE accounts.oidc_sessions SET name = $2, roles = $3, ciphertext = $4, refresh_at = $5, valid_until = $6 WHERE token_hash = $1");
        foreach (var value in new object[] { hash, session.Name, session.Roles.ToArray(), Encrypt(hash, session), session.RefreshAt, session.ValidUntil })
        {
            command.Parameters.Add(new() { Value = value });
        }

        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task PostponeRefreshAsync(string token, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE accounts.oidc_sessions SET refresh_at = $2 WHERE token_hash = $1");
        command.Parameters.Add(new() { Value = SessionToken.Hash(token) });
        command.Parameters.Add(new() { Value = until });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <param name="token">The session's.</param>
    /// <param name="action">For the audit log: <c>logout</c>, or <c>session.ended</c> when the identity provider ended it.</param>
    /// <param name="name">Who was signed in.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task CloseAsync(string token, string action, string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("DELETE FROM accounts.oidc_sessions WHERE token_hash = $1", connection) { Parameters = { new() { Value = SessionToken.Hash(token) } } };
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0)
        {
            await AuditLog.AppendAsync(connection, new AuditEntry(name, action, name), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private string Encrypt(byte[] hash, OidcSession session) => Protector(hash).Protect($"{session.IdToken} {session.RefreshToken}");

    private string[]? Decrypt(byte[] hash, string ciphertext)
    {
        try
        {
            return Protector(hash).Unprotect(ciphertext).Split(' ');
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // The row is part of the purpose: tokens moved to another session don't decrypt.
    private IDataProtector Protector(byte[] hash) => protection.CreateProtector("accounts.oidc_sessions", Convert.ToHexStringLower(hash));
}
