using System.Text.RegularExpressions;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Identity;

/// <summary>No record: it would print the hash.</summary>
internal sealed class Account(long id, string username, string passwordHash, string[] roles)
{
    public long Id { get; } = id;

    public string Username { get; } = username;

    public string PasswordHash { get; } = passwordHash;

    public IReadOnlyList<string> Roles { get; } = roles;
}

/// <summary>What an account may be called: lower case, so that no two names look alike to people and differ to us.</summary>
internal static partial class AccountName
{
    public static bool IsValid(string name) => name.Length <= 64 && Pattern().IsMatch(name);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._@-]{0,63}\z", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Pattern();
}

/// <summary>Local accounts (schema <c>accounts</c>).</summary>
public sealed class AccountStore(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>Throws <see cref="ProblemException"/> 409 <c>account_exists</c>, 400 <c>bad_username</c>, <c>bad_password</c> (8 to 256 characters) or <c>bad_role</c>.</summary>
    public async Task CreateAsync(string username, string password, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        if (!AccountName.IsValid(username))
        {
            throw new ProblemException(400, "bad_username", "A username is 1 to 64 of a-z, 0-9, dot, dash, underscore and @, and starts with a letter or digit.");
        }

        if (password.Length is < PasswordHashing.MinLength or > PasswordHashing.MaxLength)
        {
            throw new ProblemException(400, "bad_password", $"A password has {PasswordHashing.MinLength} to {PasswordHashing.MaxLength} characters.");
        }

        if (roles.Count == 0 || roles.Except(Roles.All, StringComparer.Ordinal).Any())
        {
            throw new ProblemException(400, "bad_role", $"Roles are {Roles.Admin}, {Roles.Operator} and {Roles.Viewer}.");
        }

        await InsertAsync(username, PasswordHashing.Hash(password), [.. roles], cancellationToken);
    }

    /// <summary>Known: the account was used from the address before.</summary>
    internal async Task<(Account? Account, bool Known)> FindAsync(string username, string address, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("""
            SELECT id, username, password_hash, roles, EXISTS (SELECT 1 FROM accounts.known_addresses WHERE account = id AND address = $2 AND last_login > $3)
            FROM accounts.accounts WHERE username = $1
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = username });
        command.Parameters.Add(new NpgsqlParameter { Value = address });
        command.Parameters.Add(new NpgsqlParameter { Value = time.GetUtcNow() - KnownAddresses.Lifetime });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (new Account(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<string[]>(3)), reader.GetBoolean(4))
            : default;
    }

    internal async Task ReplaceHashAsync(Account account, string hash, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("UPDATE accounts.accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2");
        command.Parameters.Add(new NpgsqlParameter { Value = account.Id });
        command.Parameters.Add(new NpgsqlParameter { Value = account.PasswordHash });
        command.Parameters.Add(new NpgsqlParameter { Value = hash });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task InsertAsync(string username, string hash, string[] roles, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("INSERT INTO accounts.accounts (username, password_hash, roles, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (username) DO NOTHING", connection)
        {
            Parameters = { new() { Value = username }, new() { Value = hash }, new() { Value = roles }, new() { Value = time.GetUtcNow() } },
        };
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            throw new ProblemException(409, "account_exists", $"There is an account {username} already.");
        }

        await AuditLog.AppendAsync(connection, new AuditEntry("system", "account.created", username, AuditDetails.Of(("roles", string.Join(' ', roles)))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
