using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>The authority's own name policy, which holds for every provisioner beside the provisioner's.</summary>
/// <param name="Policy">As ca.json writes it.</param>
/// <param name="Version">Of this policy, and of no other.</param>
internal sealed record AuthorityPolicyRow(string Policy, long Version, DateTimeOffset Written);

/// <summary>Keeps it in the database. Each change is audited, and announced to all processes with its commit.</summary>
internal sealed class AuthorityPolicyStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string Subject = "authority";

    /// <summary>Null: every name.</summary>
    public Task<AuthorityPolicyRow?> FindAsync(CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT policy::text, version, written_at FROM ca.authority_policy");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new AuthorityPolicyRow(reader.GetString(0), reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2)) : null;
    });

    /// <summary>Throws 412 <c>changed_meanwhile</c>.</summary>
    /// <param name="policy">One that is understood; null: none from now on.</param>
    /// <param name="replaces">The version that was read; 0: there is none; null: whatever is there.</param>
    public Task SaveAsync(string? policy, long? replaces, string by, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await AdministratorStore.LockAsync(connection, cancellationToken);
        await using (var command = new NpgsqlCommand("SELECT version FROM ca.authority_policy", connection))
        {
            var now = await command.ExecuteScalarAsync(cancellationToken) as long? ?? 0;
            if (replaces is { } expected && expected != now)
            {
                throw new ProblemException(412, "changed_meanwhile", now == 0 ? "The authority's policy was removed meanwhile." : expected == 0 ? "authority already has a policy" : "The authority's policy was changed meanwhile. Read it again and repeat your change.");
            }
        }

        await using (var command = new NpgsqlCommand(
            policy is null
                ? "DELETE FROM ca.authority_policy"
                : """
                  INSERT INTO ca.authority_policy AS p (policy, written_at) VALUES ($1, $2)
                    ON CONFLICT (single) DO UPDATE SET policy = excluded.policy, written_at = excluded.written_at, version = nextval('ca.versions')
                  """,
            connection))
        {
            if (policy is not null)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = policy, NpgsqlDbType = NpgsqlDbType.Jsonb });
                command.Parameters.AddWithValue(time.GetUtcNow());
            }

            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await AuditLog.AppendAsync(connection, new AuditEntry(by, policy is null ? "policy.removed" : "policy.changed", Subject), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    });
}
