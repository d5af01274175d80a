using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The policy of one account, kept with the external account key that it is bound to.</summary>
/// <param name="KeyId">Of the external account key.</param>
/// <param name="Policy">As ca.json writes it; null: every name.</param>
/// <param name="Version">Of this policy, and of no other; 0: there is none.</param>
internal sealed record AccountPolicy(string KeyId, string? Policy, long Version);

/// <summary>
/// Which names an account may have certified, beside what the authority's policy and the provisioner's say. Read of the database whenever names are judged: a change holds in every process with
/// its commit. A database that is away is 503.
/// </summary>
internal sealed partial class AccountPolicies(NpgsqlDataSource database, ILogger<AccountPolicies> log)
{
    private const string Select = "SELECT id, policy::text, policy_version FROM acme.external_account_keys WHERE provisioner = $1 AND";

    /// <summary>Null: the provisioner has no such key.</summary>
    public Task<AccountPolicy?> FindAsync(string provisioner, string keyId, CancellationToken cancellationToken) => OneAsync($"{Select} id = $2", cancellationToken, provisioner, keyId);

    /// <summary>As <see cref="FindAsync"/>, by the operator's own word for whom the key is.</summary>
    public Task<AccountPolicy?> FindByReferenceAsync(string provisioner, string reference, CancellationToken cancellationToken) =>
        OneAsync($"{Select} reference = $2", cancellationToken, provisioner, reference);

    /// <summary>As it is from now on. Throws 422 <c>invalid_policy</c>, 404 <c>no_such_key</c> and 412 <c>changed_meanwhile</c>.</summary>
    /// <param name="provisioner">Whose accounts the key is for.</param>
    /// <param name="keyId">Used or not.</param>
    /// <param name="policy">As ca.json writes it; null: none from now on.</param>
    /// <param name="replaces">The version that was read; 0: there is none; null: whatever is there.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public Task<AccountPolicy> SaveAsync(string provisioner, string keyId, string? policy, long? replaces, string by, CancellationToken cancellationToken)
    {
        if (policy is not null)
        {
            AuthorityPolicy.Read(policy);
        }

        return Outage.GuardAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                """
                UPDATE acme.external_account_keys SET policy = $3, policy_version = CASE WHEN $3 IS NOT NULL THEN nextval('ca.versions') END
                WHERE provisioner = $1 AND id = $2 AND ($4 IS NULL OR coalesce(policy_version, 0) = $4) RETURNING id, policy::text, policy_version
                """,
                connection);
            AcmeAccounts.Add(command, provisioner, keyId);
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)policy ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb });
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)replaces ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
            if (await ReadAsync(command, cancellationToken) is not { } saved)
            {
                throw await FindAsync(provisioner, keyId, cancellationToken) is { } now
                    ? new ProblemException(412, "changed_meanwhile", now.Policy is null ? "The account's policy was removed meanwhile." : replaces == 0 ? $"ACME EAK {keyId} already has a policy" : "The account's policy was changed meanwhile. Read it again and repeat your change.")
                    : NoSuchKey(provisioner);
            }

            await AuditLog.AppendAsync(
                connection, new AuditEntry(by, policy is null ? "acme.account_policy.removed" : "acme.account_policy.changed", provisioner, AuditDetails.Of(("key_id", keyId))), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return saved;
        });
    }

    public static ProblemException NoSuchKey(string provisioner) => new(404, "no_such_key", $"The provisioner {provisioner} has no external account key of this id.");

    /// <summary>Throws 403 <c>name_not_allowed</c>. Of an account that is bound to no key, every name is allowed here.</summary>
    public async Task RequireAllowedAsync(AcmeAccount account, SubjectNames names, CancellationToken cancellationToken)
    {
        if (account.ExternalAccountKey is { } key)
        {
            Judge((await FindAsync(account.Provisioner, key, cancellationToken) ?? throw AcmeException.ExternalAccountRequired("The key that the account is bound to was removed in this moment.")).Policy, names);
        }
    }

    /// <summary>
    /// As <see cref="RequireAllowedAsync"/>, for the renewal of a certificate that an account's order got, or of a renewal of it. Throws 403 <c>external_account_required</c> where the provisioner
    /// requires a key and the account has none any more. Returns the order's requester, which the renewal is to keep; null: no account is known.
    /// </summary>
    /// <param name="provisioner">Whose order.</param>
    /// <param name="serial">Of the certificate.</param>
    /// <param name="names">That it has.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<string?> RequireRenewableAsync(AcmeProvisioner provisioner, byte[] serial, SubjectNames names, CancellationToken cancellationToken) => Outage.GuardAsync<string?>(async () =>
    {
        // The order's requester is kept by renewals; those of before it was are followed back to it, as long as it is on record.
        await using var command = database.CreateCommand("""
            WITH RECURSIVE line AS (
              SELECT requester, renews FROM ca.certificates WHERE serial = $2
              UNION ALL
              SELECT c.requester, c.renews FROM line l JOIN ca.certificates c ON c.serial = l.renews WHERE NOT starts_with(l.requester, $3)
            )
            SELECT l.requester, a.external_account_key, k.policy::text
            FROM line l JOIN acme.accounts a ON a.id = substr(l.requester, length($3) + 1) LEFT JOIN acme.external_account_keys k ON k.id = a.external_account_key
            WHERE a.provisioner = $1 AND starts_with(l.requester, $3)
            """);
        AcmeAccounts.Add(command, provisioner.Name, serial, RequesterOf(provisioner.Name, accountId: ""));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        if (reader.IsDBNull(1) && provisioner.RequiresExternalAccount)
        {
            throw new ProblemException(403, "external_account_required", "The certificate's account is bound to no key of the operator's, or to one that was removed.");
        }

        Judge(reader.IsDBNull(2) ? null : reader.GetString(2), names);
        return reader.GetString(0);
    });

    /// <summary>Who asked for the certificate of an order, as the ledger has it.</summary>
    public static string RequesterOf(string provisioner, string accountId) => $"{provisioner}:{accountId}";

    /// <summary>One that can't be read allows nothing.</summary>
    private void Judge(string? policy, SubjectNames names)
    {
        if (policy is null)
        {
            return;
        }

        NamePolicy judge;
        try
        {
            judge = AuthorityPolicy.Read(policy);
        }
        catch (ProblemException e)
        {
            Broken(e.Message);
            judge = NamePolicy.Nothing;
        }

        judge.Require(names);
    }

    private Task<AccountPolicy?> OneAsync(string sql, CancellationToken cancellationToken, params object[] values) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(sql);
        AcmeAccounts.Add(command, values);
        return await ReadAsync(command, cancellationToken);
    });

    private static async Task<AccountPolicy?> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new AccountPolicy(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.IsDBNull(2) ? 0 : reader.GetInt64(2)) : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "an ACME account gets no certificate: {Reason}")]
    private partial void Broken(string reason);
}
