using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>
/// Administrators as rows: a change counts in every process with the next request. The last super admin stays, so that there is one to name others; only who runs the stack takes it away, as
/// the last administrator of all, and closes the administration API with it.
/// </summary>
internal sealed class AdministratorStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Of one authority.</summary>
    public const int Most = 1000;

    private const int LongestSubject = 256;
    private const string Columns = "id, subject, provisioner, super, created_at";

    /// <summary>One change of provisioners and administrators at a time: what a rule has counted stays true until the commit.</summary>
    public static async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("LOCK TABLE ca.provisioners, ca.administrators IN SHARE ROW EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>By id.</summary>
    public Task<IReadOnlyList<Administrator>> ListAsync(CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<Administrator>>(async () =>
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM ca.administrators ORDER BY id COLLATE \"C\"");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<Administrator>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(Read(reader));
        }

        return found;
    });

    public async Task<Administrator?> FindAsync(string id, CancellationToken cancellationToken) => (await ListAsync(cancellationToken)).FirstOrDefault(one => one.Id == id);

    /// <summary>Null: a certificate of these names makes nobody an administrator.</summary>
    /// <param name="provisioner">That issued it.</param>
    /// <param name="certificateId">An earlier provisioner of that name is another one.</param>
    /// <param name="names">Of the certificate.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    public Task<Administrator?> FindAsync(string provisioner, long certificateId, IReadOnlyList<string> names, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            SELECT a.id, a.subject, a.provisioner, a.super, a.created_at FROM ca.administrators a JOIN ca.provisioners p ON p.name = a.provisioner
            WHERE a.provisioner = $1 AND a.subject = ANY ($2) AND p.added_after < $3 ORDER BY a.super DESC LIMIT 1
            """);
        command.Parameters.AddWithValue(provisioner);
        command.Parameters.AddWithValue(names.ToArray());
        command.Parameters.AddWithValue(certificateId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    });

    /// <summary>Throws 422 <c>invalid_subject</c>, 404 <c>no_such_provisioner</c>, 409 <c>admin_exists</c> and <c>too_many_admins</c>.</summary>
    public async Task<Administrator> AddAsync(string subject, string provisioner, bool isSuper, string by, CancellationToken cancellationToken)
    {
        if (subject.Length is 0 or > LongestSubject || subject.Trim() != subject || subject.Any(char.IsControl))
        {
            throw new ProblemException(422, "invalid_subject", $"A subject has 1 to {LongestSubject} characters, no control characters, and no spaces around it.");
        }

        var added = new Administrator(RandomNumberGenerator.GetHexString(32, lowercase: true), subject, provisioner, isSuper, time.GetUtcNow());
        await ChangeAsync(
            async connection =>
            {
                await using var command = new NpgsqlCommand(
                    """
                    INSERT INTO ca.administrators (id, subject, provisioner, super, created_at)
                      SELECT $1, $2, name, $4, $5 FROM ca.provisioners WHERE name = $3 AND (SELECT count(*) FROM ca.administrators) < $6
                    """,
                    connection);
                foreach (var value in (object[])[added.Id, subject, provisioner, isSuper, added.CreatedAt, Most])
                {
                    command.Parameters.AddWithValue(value);
                }

                try
                {
                    if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
                    {
                        throw await IsThereAsync(connection, provisioner, cancellationToken)
                            ? new ProblemException(409, "too_many_admins", $"This authority has {Most} admins. Remove one first.")
                            : new ProblemException(404, "no_such_provisioner", $"provisioner {provisioner} not found");
                    }
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
                {
                    throw new ProblemException(409, "admin_exists", $"admin with subject {subject} and provisioner {provisioner} already exists", inner: e);
                }

                return Entry(by, "admin.created", added);
            },
            cancellationToken);
        return added;
    }

    /// <summary>Throws 404 <c>no_such_admin</c> and 409 <c>last_super_admin</c>.</summary>
    public async Task<Administrator> ChangeAsync(string id, bool isSuper, string by, CancellationToken cancellationToken)
    {
        Administrator? changed = null;
        await ChangeAsync(
            async connection =>
            {
                var (known, _, supers) = await RequireAsync(connection, id, cancellationToken);
                changed = known with { IsSuper = isSuper };
                if (known.IsSuper == isSuper)
                {
                    return null;
                }

                if (known.IsSuper && supers == 1)
                {
                    throw new ProblemException(409, "last_super_admin", "cannot change role of last super admin");
                }

                await using var command = new NpgsqlCommand("UPDATE ca.administrators SET super = $2 WHERE id = $1", connection);
                command.Parameters.AddWithValue(id);
                command.Parameters.AddWithValue(isSuper);
                await command.ExecuteNonQueryAsync(cancellationToken);
                return Entry(by, "admin.changed", changed);
            },
            cancellationToken);
        return changed!;
    }

    /// <summary>Throws as <see cref="ChangeAsync(string, bool, string, CancellationToken)"/>.</summary>
    /// <param name="mayCloseApi">The last super admin goes as well, if there is no other administrator.</param>
    public Task RemoveAsync(string id, bool mayCloseApi, string by, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            var (known, all, supers) = await RequireAsync(connection, id, cancellationToken);
            if (known.IsSuper && supers == 1 && !(mayCloseApi && all == 1))
            {
                throw new ProblemException(409, "last_super_admin", "cannot remove the last super admin");
            }

            await using var command = new NpgsqlCommand("DELETE FROM ca.administrators WHERE id = $1", connection);
            command.Parameters.AddWithValue(id);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return Entry(by, "admin.removed", known);
        },
        cancellationToken);

    private static async Task<(Administrator Known, int All, int Supers)> RequireAsync(NpgsqlConnection connection, string id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT {Columns}, (SELECT count(*) FROM ca.administrators)::int, (SELECT count(*) FROM ca.administrators WHERE super)::int FROM ca.administrators WHERE id = $1", connection);
        command.Parameters.AddWithValue(id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (Read(reader), reader.GetInt32(5), reader.GetInt32(6)) : throw new ProblemException(404, "no_such_admin", $"admin {id} not found");
    }

    private static async Task<bool> IsThereAsync(NpgsqlConnection connection, string provisioner, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM ca.provisioners WHERE name = $1)", connection);
        command.Parameters.AddWithValue(provisioner);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static AuditEntry Entry(string by, string action, Administrator administrator) =>
        new(by, action, administrator.Subject, AuditDetails.Of(("provisioner", administrator.Provisioner), ("super", administrator.IsSuper)));

    private static Administrator Read(NpgsqlDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetFieldValue<DateTimeOffset>(4));

    /// <summary>The change and its entry in one transaction; null: there was nothing to change.</summary>
    private Task ChangeAsync(Func<NpgsqlConnection, Task<AuditEntry?>> change, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        if (await change(connection) is { } entry)
        {
            await AuditLog.AppendAsync(connection, entry, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return true;
    });
}
