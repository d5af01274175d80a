using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// Shared keys by which an operator says who may have an account (RFC 8555 7.3.4). Each makes one account, and is forgotten then.
/// A database that is away is 503.
/// </summary>
internal sealed class ExternalAccountKeys(NpgsqlDataSource database, ExternalAccountCipher cipher, TimeProvider time)
{
    /// <summary>Of one provisioner.</summary>
    public const int Most = 10_000;

    /// <summary>As long as the digest (RFC 7518 3.2).</summary>
    private const int KeyBytes = 32;

    private const int LongestReference = 256;

    /// <summary>Throws 422 <c>invalid_reference</c>, 409 <c>reference_in_use</c> and <c>too_many_keys</c>.</summary>
    /// <param name="provisioner">Whose accounts it is for.</param>
    /// <param name="reference">The operator's own word for whom it is; null: none.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public Task<ExternalAccountCredentials> AddAsync(string provisioner, string? reference, string by, CancellationToken cancellationToken)
    {
        if (reference is not null && (reference.Length is 0 or > LongestReference || reference.Any(char.IsControl)))
        {
            throw new ProblemException(422, "invalid_reference", $"A reference has 1 to {LongestReference} characters, and no control characters.");
        }

        var (id, key) = (AcmeId.New(), RandomNumberGenerator.GetBytes(KeyBytes));
        return Outage.GuardAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                """
                INSERT INTO acme.external_account_keys (id, provisioner, reference, ciphertext, created_at)
                  SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM acme.external_account_keys WHERE provisioner = $2) < $6
                """,
                connection);
            AcmeAccounts.Add(command, id, provisioner);
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)reference ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            AcmeAccounts.Add(command, cipher.Encrypt(id, key), time.GetUtcNow(), Most);
            try
            {
                if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
                {
                    throw new ProblemException(409, "too_many_keys", $"The provisioner has {Most} external account keys. Remove some first.");
                }
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                throw new ProblemException(409, "reference_in_use", "Another key of the provisioner has this reference.", inner: e);
            }

            await AuditLog.AppendAsync(connection, new AuditEntry(by, "acme.external_account_key.created", provisioner, AuditDetails.Of(("key_id", id), ("reference", reference))), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new ExternalAccountCredentials { Id = id, Provisioner = provisioner, Reference = reference, HmacKey = Base64Url.EncodeToString(key) };
        });
    }

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<ExternalAccountKey>> ListAsync(string provisioner, CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<ExternalAccountKey>>(async () =>
    {
        await using var command = database.CreateCommand(
            """
            SELECT k.id, k.reference, k.created_at, k.bound_at, a.id, k.policy IS NOT NULL FROM acme.external_account_keys k LEFT JOIN acme.accounts a ON a.external_account_key = k.id
            WHERE k.provisioner = $1 ORDER BY k.created_at DESC, k.id LIMIT $2
            """);
        AcmeAccounts.Add(command, provisioner, Most);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<ExternalAccountKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new ExternalAccountKey
            {
                Id = reader.GetString(0),
                Provisioner = provisioner,
                Reference = reader.IsDBNull(1) ? null : reader.GetString(1),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(2),
                BoundAt = reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3),
                Account = reader.IsDBNull(4) ? null : reader.GetString(4),
                HasPolicy = reader.GetBoolean(5),
            });
        }

        return keys;
    });

    /// <summary>With its policy: an account that it made is bound to none from then on. False: the provisioner has no such key.</summary>
    public Task<bool> RemoveAsync(string provisioner, string id, string by, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("DELETE FROM acme.external_account_keys WHERE provisioner = $1 AND id = $2", connection);
        AcmeAccounts.Add(command, provisioner, id);
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return false;
        }

        await AuditLog.AppendAsync(connection, new AuditEntry(by, "acme.external_account_key.removed", provisioner, AuditDetails.Of(("key_id", id))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    });

    /// <summary>Null: the provisioner has no such key, or it is used.</summary>
    public Task<byte[]?> FindAsync(string provisioner, string id, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT ciphertext FROM acme.external_account_keys WHERE provisioner = $1 AND id = $2");
        AcmeAccounts.Add(command, provisioner, id);
        return await command.ExecuteScalarAsync(cancellationToken) is string ciphertext ? cipher.Decrypt(id, ciphertext) : null;
    });

    /// <summary>Spends the key, in the transaction that makes its account. False: it is spent.</summary>
    public static async Task<bool> SpendAsync(NpgsqlConnection connection, string provisioner, string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("UPDATE acme.external_account_keys SET bound_at = $3, ciphertext = NULL WHERE provisioner = $1 AND id = $2 AND bound_at IS NULL", connection);
        AcmeAccounts.Add(command, provisioner, id, now);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }
}
