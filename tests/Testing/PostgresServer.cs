using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using IoTPlatform.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.Testing;

/// <summary>One throw-away PostgreSQL per test process, started on first use, ended with the process.</summary>
public static class PostgresServer
{
    // Each test has a database of its own, some three hundred files: on a disk, making and dropping them is half of what the tests compute.
    private const string InMemory = "/dev/shm";
    private static readonly Lazy<Task<PrivatePostgres>> Server = new(StartAsync);
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Templates = new(StringComparer.Ordinal);
    private static int Last;

    /// <summary>A fresh database with Hosting's and the given assemblies' migrations applied (copied from a template). Skips the test where PostgreSQL is missing.</summary>
    public static async Task<TestDatabase> CreateDatabaseAsync(params Assembly[] migrations)
    {
        Requires.Tool("initdb");
        var key = string.Join(',', migrations.Select(a => a.GetName().Name));
        var template = await Templates.GetOrAdd(key, _ => new Lazy<Task<string>>(() => MigrateTemplateAsync(migrations))).Value;
        return await CreateAsync($" TEMPLATE {template}");
    }

    /// <summary>A fresh database without any schema.</summary>
    public static async Task<TestDatabase> CreateEmptyDatabaseAsync()
    {
        Requires.Tool("initdb");
        return await CreateAsync("");
    }

    internal static Task DropAsync(string name) => ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private static async Task<TestDatabase> CreateAsync(string template)
    {
        var server = await Server.Value;
        var name = "test" + Interlocked.Increment(ref Last).ToString(CultureInfo.InvariantCulture);
        // Files copied as they are are half the work of pages copied through a log that nobody reads here; before PostgreSQL 15 there is no other way.
        await ExecuteAsync(version => $"CREATE DATABASE {name} OWNER platform{template}{(version.Major >= 15 ? " STRATEGY FILE_COPY" : "")}");
        return new TestDatabase(server, name);
    }

    private static async Task<string> MigrateTemplateAsync(Assembly[] migrations)
    {
        var server = await Server.Value;
        var name = "template_" + Interlocked.Increment(ref Last).ToString(CultureInfo.InvariantCulture);
        await ExecuteAsync($"CREATE DATABASE {name} OWNER platform");
        var unpooled = new NpgsqlConnectionStringBuilder(server.ConnectionString(name)) { Pooling = false };
        await using var dataSource = NpgsqlDataSource.Create(unpooled.ConnectionString);
        await Migrations.ApplyAsync(dataSource, migrations);
        return name;
    }

    internal static Task ExecuteAsync(string sql) => ExecuteAsync(_ => sql);

    private static async Task ExecuteAsync(Func<Version, string> sql)
    {
        var server = await Server.Value;
        await using var connection = new NpgsqlConnection(server.SuperuserConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql(connection.PostgreSqlVersion), connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PrivatePostgres> StartAsync()
    {
        var folder = new TempFolder(InMemory);
        var server = await PrivatePostgres.StartAsync(folder.Combine("postgres"), new PrivatePostgresOptions { Durable = false }, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        Janitor.EndAfterUs(server.ServerProcessId);
        return server;
    }
}
