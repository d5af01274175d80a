using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The accounts of all processes. A database that is away is 503.</summary>
internal sealed class AcmeAccounts(NpgsqlDataSource database)
{
    private const string Columns = "id, provisioner, thumbprint, jwk, contacts, status, external_account_key";

    /// <summary>The account of that key: this one, or the one that is there. Throws <c>unauthorized</c> where another account has spent its external account key.</summary>
    public Task<(AcmeAccount Account, bool IsNew)> AddAsync(AcmeAccount account, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO acme.accounts (id, provisioner, thumbprint, jwk, contacts, status, created_at, external_account_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (provisioner, thumbprint) DO NOTHING
            """,
            connection);
        Add(command, account.Id, account.Provisioner, account.Thumbprint, account.Jwk, account.Contacts.ToArray(), account.Status, now);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)account.ExternalAccountKey ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        if (account.ExternalAccountKey is { } key && !await ExternalAccountKeys.SpendAsync(connection, account.Provisioner, key, now, cancellationToken))
        {
            // Its own account may have, by a request at once with this one.
            return (await FindByKeyAsync(account.Provisioner, account.Thumbprint, cancellationToken) ?? throw AcmeException.Unauthorized("The binding's key has made an account."), false);
        }

        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            await transaction.RollbackAsync(cancellationToken);
            return (await FindByKeyAsync(account.Provisioner, account.Thumbprint, cancellationToken) ?? throw new InvalidOperationException("An account cannot be removed while it is read."), false);
        }

        if (account.ExternalAccountKey is { } bound)
        {
            await AuditLog.AppendAsync(connection, new AuditEntry($"acme:{account.Id}", "acme.account.bound", account.Provisioner, AuditDetails.Of(("key_id", bound))), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return (account, true);
    });

    public Task<AcmeAccount?> FindAsync(string provisioner, string id, CancellationToken cancellationToken) =>
        OneAsync($"SELECT {Columns} FROM acme.accounts WHERE provisioner = $1 AND id = $2", cancellationToken, provisioner, id);

    public Task<AcmeAccount?> FindByKeyAsync(string provisioner, string thumbprint, CancellationToken cancellationToken) =>
        OneAsync($"SELECT {Columns} FROM acme.accounts WHERE provisioner = $1 AND thumbprint = $2", cancellationToken, provisioner, thumbprint);

    /// <summary>As it is afterwards.</summary>
    public async Task<AcmeAccount> UpdateAsync(AcmeAccount account, CancellationToken cancellationToken) =>
        await OneAsync($"UPDATE acme.accounts SET contacts = $2, status = $3 WHERE id = $1 AND status = 'valid' RETURNING {Columns}", cancellationToken, account.Id, account.Contacts.ToArray(), account.Status)
        ?? throw AcmeException.Unauthorized("The account is deactivated.");

    /// <summary>The other account that has the new key; null: the account has it now.</summary>
    public Task<AcmeAccount?> ChangeKeyAsync(AcmeAccount account, string thumbprint, string jwk, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("UPDATE acme.accounts SET thumbprint = $3, jwk = $4 WHERE id = $1 AND thumbprint = $2");
        Add(command, account.Id, account.Thumbprint, thumbprint, jwk);
        try
        {
            return await command.ExecuteNonQueryAsync(cancellationToken) == 1 ? null : throw AcmeException.Malformed("The account has another key by now.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return await FindByKeyAsync(account.Provisioner, thumbprint, cancellationToken);
        }
    });

    internal static void Add(NpgsqlCommand command, params ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value ?? DBNull.Value);
        }
    }

    private Task<AcmeAccount?> OneAsync(string sql, CancellationToken cancellationToken, params object[] values) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(sql);
        Add(command, values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new AcmeAccount(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<string[]>(4), reader.GetString(5)) { ExternalAccountKey = reader.IsDBNull(6) ? null : reader.GetString(6) }
            : null;
    });
}
