using System.Reflection;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>Applies embedded <c>Migrations/NNNN_name.sql</c> resources, per assembly in order, each once, one transaction each, under an advisory lock. An applied file that changed is an error.</summary>
public static class Migrations
{
    /// <summary>"iot-migr" in ASCII: the advisory lock of all hosts that start on one database at once.</summary>
    private const long Lock = 0x696f742d6d696772;

    /// <summary>The assembly under whose name this module's migrations stand in the databases; it was a part of Hosting once.</summary>
    private const string Owner = "IoTPlatform.Hosting";

    /// <summary>An index over tens of millions of rows takes minutes, and the other hosts wait that long for the lock.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>This module's own migrations (audit, accounts, events) always come first.</summary>
    public static async Task ApplyAsync(NpgsqlDataSource dataSource, params Assembly[] assemblies)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        var applied = await ReadAppliedAsync(connection);
        foreach (var assembly in assemblies.Prepend(typeof(Migrations).Assembly).Distinct())
        {
            var owner = assembly == typeof(Migrations).Assembly ? Owner : assembly.GetName().Name!;
            var known = Migration.In(assembly);
            RefuseNewer(owner, known, applied);
            foreach (var migration in known)
            {
                if (!applied.TryGetValue((owner, migration.Number), out var checksum))
                {
                    checksum = await ApplyAsync(connection, owner, migration);
                }

                if (!string.Equals(checksum, migration.Checksum, StringComparison.Ordinal))
                {
                    throw new StartupException($"Migration {migration.Name} of {owner} was applied to this database in another form. The database belongs to another version of the platform.");
                }
            }
        }
    }

    private static void RefuseNewer(string owner, IReadOnlyList<Migration> known, Dictionary<(string Owner, int Number), string> applied)
    {
        var newest = known.Count == 0 ? 0 : known[^1].Number;
        if (applied.Keys.Any(k => string.Equals(k.Owner, owner, StringComparison.Ordinal) && k.Number > newest))
        {
            throw new StartupException($"The database was already used by a newer version of {owner}. Start that version, or restore a backup made before the upgrade.");
        }
    }

    private static async Task<Dictionary<(string Owner, int Number), string>> ReadAppliedAsync(NpgsqlConnection connection)
    {
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await LockAsync(connection);
            await ExecuteAsync(connection, """
                CREATE SCHEMA IF NOT EXISTS platform;
                CREATE TABLE IF NOT EXISTS platform.migrations (
                  owner text NOT NULL, number int NOT NULL, name text NOT NULL, checksum text NOT NULL,
                  applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (owner, number));
                """);
            await transaction.CommitAsync();
        }

        var applied = new Dictionary<(string, int), string>();
        await using var command = new NpgsqlCommand("SELECT owner, number, checksum FROM platform.migrations", connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            applied.Add((reader.GetString(0), reader.GetInt32(1)), reader.GetString(2));
        }

        return applied;
    }

    /// <summary>Returns the checksum that stands in the database afterwards: ours, or that of a host which was faster.</summary>
    private static async Task<string> ApplyAsync(NpgsqlConnection connection, string owner, Migration migration)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection);
        await using var find = new NpgsqlCommand("SELECT checksum FROM platform.migrations WHERE owner = $1 AND number = $2", connection) { Parameters = { new() { Value = owner }, new() { Value = migration.Number } } };
        if (await find.ExecuteScalarAsync() is string already)
        {
            return already;
        }

        await ExecuteAsync(connection, migration.Sql);
        await using var record = new NpgsqlCommand("INSERT INTO platform.migrations (owner, number, name, checksum) VALUES ($1, $2, $3, $4)", connection)
        {
            Parameters = { new() { Value = owner }, new() { Value = migration.Number }, new() { Value = migration.Name }, new() { Value = migration.Checksum } },
        };
        await record.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return migration.Checksum;
    }

    private static async Task LockAsync(NpgsqlConnection connection)
    {
        // Bound to the transaction, so that no failure can leave it behind on a pooled connection.
        await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = Lock } }, CommandTimeout = (int)Longest.TotalSeconds };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Longest.TotalSeconds };
        await command.ExecuteNonQueryAsync();
    }
}
