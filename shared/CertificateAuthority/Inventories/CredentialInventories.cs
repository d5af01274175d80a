using System.Text.Json;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Inventories;

/// <summary>
/// Tables from the name in a credential to what goes into its certificate. A provisioner with one certifies nobody else. They are read for each certificate, so that a change counts in every
/// process with its commit; each change is audited.
/// </summary>
internal sealed class CredentialInventories(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Of one authority.</summary>
    public const int Most = 100;

    /// <summary>Of one inventory.</summary>
    public const int MostEntries = 50_000;

    public const int MaxPage = 500;

    private const int LongestName = 64;
    private const string OfInventory = "inventory:";

    /// <summary>Whether an inventory may have this name.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name is not ("." or "..");

    /// <summary>What the provisioner's inventory says of a credential; null: the provisioner has none. Throws 403 <c>not_in_inventory</c>.</summary>
    /// <param name="provisioner">That judged the credential.</param>
    /// <param name="names">Of the credential. Each must be there; the first one's entry is the answer.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    public async Task<InventoryWord?> RequireAsync(IProvisioner provisioner, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        if (provisioner.Options.Inventory is not { } inventory)
        {
            return null;
        }

        if (names.Count == 0 || !names.All(InventoryEntry.IsKey))
        {
            throw Missing(inventory, "the credential has no name that could be in it");
        }

        var found = await FindAsync(inventory, names, cancellationToken);
        return names.FirstOrDefault(name => !found.ContainsKey(name)) is { } missing ? throw Missing(inventory, $"it does not have {missing}")
            : new InventoryWord(JsonElement.Parse(found[names[0]]), OfInventory + string.Join('\n', names));
    }

    /// <summary>Throws 403 <c>not_in_inventory</c> for the renewal of a certificate whose credential the provisioner's inventory does not have any more, or never had.</summary>
    /// <param name="lineage">Of the certificate.</param>
    public Task RequireRenewableAsync(IProvisioner provisioner, string? lineage, CancellationToken cancellationToken) =>
        RequireAsync(provisioner, lineage is not null && lineage.StartsWith(OfInventory, StringComparison.Ordinal) ? lineage[OfInventory.Length..].Split('\n') : [], cancellationToken);

    /// <summary>By name.</summary>
    public Task<IReadOnlyList<InventoryView>> ListAsync(CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<InventoryView>>(async () =>
    {
        await using var command = database.CreateCommand(
            "SELECT i.name, i.entries, i.changed_at, ARRAY(SELECT p.name FROM ca.provisioners p WHERE p.definition -> 'options' ->> 'inventory' = i.name ORDER BY p.name) FROM ca.inventories i ORDER BY i.name");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<InventoryView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new InventoryView { Name = reader.GetString(0), Entries = reader.GetInt32(1), ChangedAt = reader.GetFieldValue<DateTimeOffset>(2), Provisioners = reader.GetFieldValue<string[]>(3) });
        }

        return found;
    });

    /// <summary>By key. Throws 404 <c>no_such_inventory</c>.</summary>
    /// <param name="after">The last key of the page before; null: from the first one.</param>
    /// <param name="key">This one alone; null: all.</param>
    public Task<IReadOnlyList<InventoryEntryView>> EntriesAsync(string inventory, string? after, string? key, int limit, CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<InventoryEntryView>>(async () =>
    {
        await using var command = database.CreateCommand(
            """
            SELECT e.key, e.data FROM ca.inventories i LEFT JOIN LATERAL
              (SELECT e.key, e.data FROM ca.inventory_entries e WHERE e.inventory = i.name AND e.key > $2 AND ($3 = '' OR e.key = $3) ORDER BY e.key LIMIT $4) e ON true
            WHERE i.name = $1
            """);
        foreach (var value in (object[])[inventory, after ?? "", key ?? "", limit])
        {
            command.Parameters.AddWithValue(value);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<InventoryEntryView>();
        if (!await reader.ReadAsync(cancellationToken))
        {
            throw NotFound(inventory);
        }

        do
        {
            if (!reader.IsDBNull(0))
            {
                found.Add(new InventoryEntryView { Key = reader.GetString(0), Data = JsonElement.Parse(reader.GetString(1)) });
            }
        }
        while (await reader.ReadAsync(cancellationToken));
        return found;
    });

    /// <summary>Adds entries and changes those whose keys are there, all or none; makes the inventory if there is none of this name. Throws 422 <c>invalid_inventory</c> and 409 <c>too_many_inventories</c>.</summary>
    /// <param name="replaces">Removes every other entry.</param>
    public async Task<InventoryChange> ImportAsync(string name, IReadOnlyList<InventoryEntry> entries, bool replaces, string by, CancellationToken cancellationToken)
    {
        if (!IsName(name))
        {
            throw InventoryEntry.Refused($"The name of an inventory has 1 to {LongestName} letters, digits, dots, dashes and underscores.");
        }

        InventoryChange? change = null;
        await ChangeAsync(
            async connection =>
            {
                var isNew = await EnsureAsync(connection, name, cancellationToken);
                change = await WriteAsync(connection, name, entries, replaces, cancellationToken);
                return change.Entries > MostEntries ? throw InventoryEntry.Refused($"An inventory has at most {MostEntries} entries.")
                    : isNew ? Entry(by, "inventory.created", name, change)
                    : change is { Added: 0, Changed: 0, Removed: 0 } ? null
                    : Entry(by, "inventory.changed", name, change);
            },
            cancellationToken);
        return change!;
    }

    /// <summary>False: there is no such entry.</summary>
    public Task<bool> RemoveEntryAsync(string inventory, string key, string by, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            await using var command = Command(
                connection,
                """
                WITH removed AS (DELETE FROM ca.inventory_entries WHERE inventory = $1 AND key = $2 RETURNING inventory)
                UPDATE ca.inventories SET entries = entries - 1, changed_at = $3 WHERE name IN (SELECT inventory FROM removed)
                """,
                inventory, key, time.GetUtcNow());
            return await command.ExecuteNonQueryAsync(cancellationToken) == 0 ? null
                : new AuditEntry(by, "inventory.changed", inventory, AuditDetails.Of(("removed", 1), ("key", key)));
        },
        cancellationToken);

    /// <summary>With its entries. Throws 404 <c>no_such_inventory</c>, and 409 <c>inventory_in_use</c> while a provisioner has it.</summary>
    public async Task RemoveAsync(string name, string by, CancellationToken cancellationToken)
    {
        var isRemoved = await ChangeAsync(
            async connection =>
            {
                await using (var users = Command(connection, "SELECT name FROM ca.provisioners WHERE definition -> 'options' ->> 'inventory' = $1 ORDER BY name LIMIT 1", name))
                {
                    if (await users.ExecuteScalarAsync(cancellationToken) is string user)
                    {
                        throw new ProblemException(409, "inventory_in_use", $"The provisioner {user} has the inventory {name}; give it another one first, or none.");
                    }
                }

                await using var command = Command(connection, "DELETE FROM ca.inventories WHERE name = $1", name);
                return await command.ExecuteNonQueryAsync(cancellationToken) == 0 ? null : new AuditEntry(by, "inventory.removed", name);
            },
            cancellationToken);
        if (!isRemoved)
        {
            throw NotFound(name);
        }
    }

    public static ProblemException NotFound(string name) => new(404, "no_such_inventory", $"There is no inventory {name}.");

    private static ProblemException Missing(string inventory, string why) => new(403, "not_in_inventory", $"the inventory {inventory} does not vouch for the credential: {why}");

    private static AuditEntry Entry(string by, string action, string name, InventoryChange change) =>
        new(by, action, name, AuditDetails.Of(("added", change.Added), ("changed", change.Changed), ("removed", change.Removed), ("entries", change.Entries)));

    private async Task<Dictionary<string, string>> FindAsync(string inventory, IReadOnlyList<string> keys, CancellationToken cancellationToken) => await Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT key, data FROM ca.inventory_entries WHERE inventory = $1 AND key = ANY ($2)");
        command.Parameters.AddWithValue(inventory);
        command.Parameters.AddWithValue(keys.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0), reader.GetString(1));
        }

        return found;
    });

    private async Task<bool> EnsureAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            "INSERT INTO ca.inventories (name, changed_at) SELECT $1, $2 WHERE (SELECT count(*) FROM ca.inventories WHERE name <> $1) < $3 ON CONFLICT DO NOTHING",
            name, time.GetUtcNow(), Most);
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 1)
        {
            return true;
        }

        await using var known = Command(connection, "SELECT EXISTS (SELECT FROM ca.inventories WHERE name = $1)", name);
        return await known.ExecuteScalarAsync(cancellationToken) is true ? false : throw new ProblemException(409, "too_many_inventories", $"This authority has {Most} inventories. Remove one first.");
    }

    private async Task<InventoryChange> WriteAsync(NpgsqlConnection connection, string name, IReadOnlyList<InventoryEntry> entries, bool replaces, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            """
            WITH given AS MATERIALIZED (SELECT g.key COLLATE "C" AS key, g.data FROM unnest($2::text[], $3::text[]) AS g (key, data)),
              written AS (
                INSERT INTO ca.inventory_entries AS e (inventory, key, data) SELECT $1, g.key, g.data FROM given g
                  ON CONFLICT (inventory, key) DO UPDATE SET data = excluded.data WHERE e.data <> excluded.data RETURNING xmax = 0 AS added),
              removed AS (DELETE FROM ca.inventory_entries e WHERE $4 AND e.inventory = $1 AND e.key NOT IN (SELECT g.key FROM given g) RETURNING 1),
              counts AS (
                SELECT (SELECT count(*) FROM written WHERE added)::int AS added, (SELECT count(*) FROM written WHERE NOT added)::int AS changed, (SELECT count(*) FROM removed)::int AS removed)
            UPDATE ca.inventories i SET entries = i.entries + c.added - c.removed, changed_at = $5 FROM counts c WHERE i.name = $1
            RETURNING c.added, c.changed, c.removed, i.entries
            """,
            name, entries.Select(entry => entry.Key).ToArray(), entries.Select(entry => entry.Data).ToArray(), replaces, time.GetUtcNow());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new InventoryChange { Added = reader.GetInt32(0), Changed = reader.GetInt32(1), Removed = reader.GetInt32(2), Entries = reader.GetInt32(3) };
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }

    /// <summary>The change and its entry in one transaction, one at a time with changes of provisioners, which name inventories; null: there was nothing to change.</summary>
    private Task<bool> ChangeAsync(Func<NpgsqlConnection, Task<AuditEntry?>> change, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await AdministratorStore.LockAsync(connection, cancellationToken);
        if (await change(connection) is not { } entry)
        {
            return false;
        }

        await AuditLog.AppendAsync(connection, entry, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    });
}

/// <param name="Data">Of the credential's entry: <c>.Inventory</c> of the template.</param>
/// <param name="Lineage">By which a renewal finds the entry again.</param>
internal sealed record InventoryWord(JsonElement Data, string Lineage);
