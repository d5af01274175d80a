using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Database.Tests;

public sealed class MigrationsTests
{
    [SkippableFact]
    public async Task ApplyAsync_Twice_AppliesOnce()
    {
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();

        await Migrations.ApplyAsync(database.DataSource, typeof(MigrationsTests).Assembly);
        await Migrations.ApplyAsync(database.DataSource, typeof(MigrationsTests).Assembly);

        (await database.ScalarAsync<long>("SELECT count(*) FROM database_tests.first")).ShouldBe(1);
        (await database.ScalarAsync<long>("SELECT count(*) FROM platform.migrations WHERE owner = 'IoTPlatform.Database.Tests'")).ShouldBe(2);
    }

    [SkippableFact]
    public async Task ApplyAsync_ManyHostsAtOnce_AppliesOnce()
    {
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Migrations.ApplyAsync(database.DataSource, typeof(MigrationsTests).Assembly)));

        (await database.ScalarAsync<long>("SELECT count(*) FROM database_tests.first")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task ApplyAsync_AppliedFileChanged_Refused()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(MigrationsTests).Assembly);
        await database.ExecuteAsync("UPDATE platform.migrations SET checksum = 'x' WHERE owner = 'IoTPlatform.Database.Tests' AND number = 1");

        (await Should.ThrowAsync<StartupException>(() => Migrations.ApplyAsync(database.DataSource, typeof(MigrationsTests).Assembly))).Message.ShouldContain("0001_first");
    }

    [SkippableFact]
    public async Task ApplyAsync_DatabaseOfNewerVersion_Refused()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(MigrationsTests).Assembly);
        await database.ExecuteAsync("INSERT INTO platform.migrations (owner, number, name, checksum) VALUES ('IoTPlatform.Database.Tests', 99, 'future', 'x')");

        (await Should.ThrowAsync<StartupException>(() => Migrations.ApplyAsync(database.DataSource, typeof(MigrationsTests).Assembly))).Message.ShouldContain("newer version");
    }

    [SkippableFact]
    public async Task ApplyAsync_FileFails_LeavesNothingOfIt()
    {
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();
        await database.ExecuteAsync("CREATE SCHEMA database_tests; CREATE TABLE database_tests.second (in_the_way int)");

        await Should.ThrowAsync<PostgresException>(() => Migrations.ApplyAsync(database.DataSource, typeof(MigrationsTests).Assembly));

        (await database.ScalarAsync<bool>("SELECT to_regclass('database_tests.second_part') IS NULL")).ShouldBeTrue();
        (await database.ScalarAsync<long>("SELECT count(*) FROM platform.migrations WHERE owner = 'IoTPlatform.Database.Tests'")).ShouldBe(1);
    }
}
