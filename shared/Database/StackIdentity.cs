using System.Text;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>
/// Data folder and database belong together: both carry the stack's id, the database its root, too. Keys whose database is missing, empty or
/// another stack's would begin as a healthy new stack that knows nothing of what it has signed and revoked; so the start is refused.
/// </summary>
/// <param name="folder">The stack's.</param>
/// <param name="kind"><c>provider</c> or <c>tenant</c>.</param>
/// <param name="hasKeys">The folder holds CA keys that have been used.</param>
/// <param name="lost">The operator says that there is no database to restore (<see cref="PlatformConfiguration.LostDatabase"/>).</param>
public sealed class StackIdentity(DataFolder folder, string kind, bool hasKeys, bool lost)
{
    private const string FileName = "stack-id";

    /// <summary>Before a private server is made: it would be an empty one.</summary>
    public void RefuseMissing(string? connectionString)
    {
        if (connectionString is null && hasKeys && !lost && !File.Exists(folder.Combine("postgres", "data", "PG_VERSION")))
        {
            throw Missing($"its database ({folder.Combine("postgres")}) is missing");
        }
    }

    /// <summary>Before the migrations: they must not touch another stack's database.</summary>
    public async Task RefuseForeignAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var exists = database.CreateCommand("SELECT to_regclass('platform.identity') IS NOT NULL");
        if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken))! || await FindAsync(database, cancellationToken) is not { } owner)
        {
            return;
        }

        if (!string.Equals(owner.Kind, kind, StringComparison.Ordinal) || (Ours() is { } ours ? ours != owner.Id : !hasKeys))
        {
            throw new StartupException(
                $"The database belongs to another stack, the {owner.Kind} {owner.Id}{(owner.Root is null ? "" : $" with root {owner.Root}")}; the data folder {folder.Path} is of the {kind} {Ours()?.ToString() ?? "that is new"}. "
                + "Correct IOT_DATABASE or IOT_DATA, or restore folder and database of one stack (docs/backup-and-restore.md).");
        }
    }

    /// <summary>After the migrations. Adopts a new database, or one from before there were identities.</summary>
    /// <param name="database">The stack's.</param>
    /// <param name="isOnRecord">Whether the database knows the folder's CA keys.</param>
    /// <param name="time">For the adoption.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task EstablishAsync(NpgsqlDataSource database, Func<CancellationToken, Task<bool>> isOnRecord, TimeProvider time, CancellationToken cancellationToken)
    {
        var owner = await FindAsync(database, cancellationToken);
        var isLost = owner is null && hasKeys && !await isOnRecord(cancellationToken);
        if (isLost && !lost)
        {
            throw Missing("the database knows nothing of them");
        }

        if (lost && !isLost)
        {
            throw new StartupException($"Nothing is lost: the database belongs to this data folder. Start without --i-lost-the-database ({PlatformConfiguration.LostDatabase}).");
        }

        // A lost database that turns up again must be refused: it knows less than the new one.
        var id = owner?.Id ?? (isLost ? null : Ours()) ?? Guid.NewGuid();
        if (Ours() != id)
        {
            folder.WritePublic(FileName, Encoding.UTF8.GetBytes($"{id}\n"));
        }

        if (owner is null)
        {
            await AdoptAsync(database, id, isLost, time.GetUtcNow(), cancellationToken);
        }
    }

    /// <summary>Once the root is known; fills it in the first time.</summary>
    public async Task ConfirmRootAsync(NpgsqlDataSource database, string fingerprint, CancellationToken cancellationToken)
    {
        if ((await FindAsync(database, cancellationToken))?.Root is { } root)
        {
            if (!string.Equals(root, fingerprint, StringComparison.OrdinalIgnoreCase))
            {
                throw new StartupException($"The database belongs to a stack with root {root}; the data folder {folder.Path} has root {fingerprint}. Restore both from the same backup (docs/backup-and-restore.md).");
            }

            return;
        }

        await using var command = database.CreateCommand("UPDATE platform.identity SET root_fingerprint = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = fingerprint.ToLowerInvariant() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task AdoptAsync(NpgsqlDataSource database, Guid id, bool isLost, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var insert = new NpgsqlCommand("INSERT INTO platform.identity (stack_id, kind, adopted_at) VALUES ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = id }, new() { Value = kind }, new() { Value = now } },
        };
        await insert.ExecuteNonQueryAsync(cancellationToken);
        if (isLost)
        {
            await AuditLog.AppendAsync(connection, new AuditEntry("system", "database.lost", kind, AuditDetails.Of(("stack_id", id.ToString()), ("lost", Lost))), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private StartupException Missing(string what) => new(
        $"The data folder {folder.Path} holds the CA keys of a {kind}, but {what}. Restore it: iot up {kind} --data {folder.Path} --restore FILE (a private database; docs/backup-and-restore.md has every step), or correct IOT_DATABASE. "
        + $"If there is no backup, start once with --i-lost-the-database: {Lost} are then gone for good.");

    private string Lost => string.Equals(kind, "tenant", StringComparison.Ordinal)
        ? "the devices and their enrolment tokens, accounts, the record of all certificates and revocations, and the audit log"
        : "the tenants and their JOINs, accounts, telemetry, the record of all certificates and revocations, and the audit log";

    private Guid? Ours() => folder.TryRead(FileName) is not { } text ? null
        : Guid.TryParse(Encoding.UTF8.GetString(text).Trim(), out var id) ? id
        : throw new StartupException($"{folder.Combine(FileName)} is damaged. Restore it from a backup.");

    private static async Task<Owner?> FindAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT stack_id, kind, root_fingerprint FROM platform.identity");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new Owner(reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2)) : null;
    }

    private sealed record Owner(Guid Id, string Kind, string? Root);
}
