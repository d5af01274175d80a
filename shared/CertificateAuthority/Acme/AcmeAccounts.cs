using IoTPlatform.CertificateAuthority.Storage;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The accounts of all processes. A database that is away is 503.</summary>
internal sealed class AcmeAccounts(NpgsqlDataSource database)
{
    private const string Columns = "id, provisioner, thumbprint, jwk, contacts, status";

    /// <summary>The account of that key: this one, or the one that is there.</summary>
    public Task<(AcmeAccount Account, bool IsNew)> AddAsync(AcmeAccount account, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            "INSERT INTO acme.accounts (id, provisioner, thumbprint, jwk, contacts, status, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (provisioner, thumbprint) DO NOTHING");
        Add(command, account.Id, account.Provisioner, account.Thumbprint, account.Jwk, account.Contacts.ToArray(), account.Status, now);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1
            ? (account, true)
            : (await FindByKeyAsync(account.Provisioner, account.Thumbprint, cancellationToken) ?? throw new InvalidOperationException("An account cannot be removed while it is read."), false);
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
            ? new AcmeAccount(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<string[]>(4), reader.GetString(5))
            : null;
    });
}
