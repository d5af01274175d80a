using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The accounts of all processes. A database that is away is 503.</summary>
internal sealed class AcmeAccounts(NpgsqlDataSource database)
{
    /// <summary>What <see cref="Read"/> reads.</summary>
    internal const string Columns = "id, provisioner, thumbprint, jwk, contacts, status, external_account_key";

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

    /// <summary>Those of another authority, under their own ids. One that is here stays as it is, but for one that was deactivated there. They count as having ordered, so that none is forgotten before its client comes.</summary>
    public Task<ImportedAccounts> ImportAsync(IReadOnlyList<AcmeAccount> accounts, string by, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        string[] ids = [.. accounts.Select(account => account.Id)], provisioners = [.. accounts.Select(account => account.Provisioner)];
        // Sorted, so that two batches can't deadlock.
        var added = await ReadIdsAsync(
            connection,
            """
            INSERT INTO acme.accounts (id, provisioner, thumbprint, jwk, contacts, status, created_at, has_ordered)
              SELECT t.id, t.provisioner, t.thumbprint, t.jwk, string_to_array(t.contacts, E'\n'), t.status, $7, true
              FROM unnest($1, $2, $3, $4, $5, $6) AS t (id, provisioner, thumbprint, jwk, contacts, status) ORDER BY t.id
            ON CONFLICT DO NOTHING RETURNING id, provisioner
            """,
            cancellationToken,
            ids, provisioners, accounts.Select(account => account.Thumbprint).ToArray(), accounts.Select(account => account.Jwk).ToArray(),
            accounts.Select(account => string.Join('\n', account.Contacts)).ToArray(), accounts.Select(account => account.Status).ToArray(), now);
        var ended = await ReadIdsAsync(
            connection,
            """
            UPDATE acme.accounts a SET status = 'deactivated'
              WHERE a.status = 'valid' AND (a.id, a.provisioner) IN (SELECT t.id, t.provisioner FROM unnest($1, $2, $3) AS t (id, provisioner, status) WHERE t.status = 'deactivated')
            RETURNING a.id, a.provisioner
            """,
            cancellationToken, ids, provisioners, accounts.Select(account => account.Status).ToArray());
        var here = await ReadIdsAsync(connection, "SELECT id, provisioner FROM acme.accounts WHERE id = ANY ($1)", cancellationToken, [ids]);
        await AuditAsync(connection, by, [.. added.Select(one => ("acme.account.imported", one)), .. ended.Select(one => ("acme.account.deactivation_imported", one))], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        var refused = accounts.Where(account => here.GetValueOrDefault(account.Id) != account.Provisioner).Select(account => (account.Id, here.ContainsKey(account.Id) ? "id_taken" : "key_taken")).ToList();
        return new ImportedAccounts(added.Count, accounts.Count - added.Count - refused.Count, ended.Count, refused);
    });

    internal static void Add(NpgsqlCommand command, params ReadOnlySpan<object?> values) => Add(command.Parameters, values);

    internal static void Add(NpgsqlParameterCollection parameters, params ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            parameters.AddWithValue(value ?? DBNull.Value);
        }
    }

    /// <param name="reader">At a row.</param>
    /// <param name="first">Where <see cref="Columns"/> begin.</param>
    internal static AcmeAccount Read(NpgsqlDataReader reader, int first) => new(
        reader.GetString(first), reader.GetString(first + 1), reader.GetString(first + 2), reader.GetString(first + 3), reader.GetFieldValue<string[]>(first + 4), reader.GetString(first + 5))
    {
        ExternalAccountKey = reader.IsDBNull(first + 6) ? null : reader.GetString(first + 6),
    };

    /// <summary>Of accounts, their provisioners by their ids.</summary>
    private static async Task<Dictionary<string, string>> ReadIdsAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command, values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0), reader.GetString(1));
        }

        return ids;
    }

    private static async Task AuditAsync(NpgsqlConnection connection, string by, IReadOnlyList<(string Action, KeyValuePair<string, string> Account)> entries, CancellationToken cancellationToken)
    {
        if (entries.Count > 0)
        {
            await using var command = new NpgsqlCommand("SELECT audit.append_many($1, $2, $3, $4)", connection);
            Add(
                command, entries.Select(_ => by).ToArray(), entries.Select(entry => entry.Action).ToArray(), entries.Select(entry => entry.Account.Value).ToArray(),
                entries.Select(entry => AuditDetails.Of(("account", entry.Account.Key))).ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private Task<AcmeAccount?> OneAsync(string sql, CancellationToken cancellationToken, params object[] values) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(sql);
        Add(command, values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader, 0) : null;
    });
}

/// <param name="Imported">New here.</param>
/// <param name="Known">Here before.</param>
/// <param name="Deactivated">Of all, those that were valid here until now.</param>
/// <param name="Refused">Whose id another provisioner's account has, or whose key another account of the provisioner.</param>
internal sealed record ImportedAccounts(int Imported, int Known, int Deactivated, IReadOnlyList<(string Id, string Reason)> Refused);
