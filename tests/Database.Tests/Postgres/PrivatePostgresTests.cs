using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.Database.Tests.Postgres;

public sealed class PrivatePostgresTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task StartAsync_EmptyFolder_ServesOnUnixSocketOnly()
    {
        await using var server = await StartAsync(_temp.Combine("pg"));
        await server.EnsureDatabaseAsync("platform", default);

        (await ScalarAsync(server.ConnectionString(), "SHOW listen_addresses")).ShouldBe("");
        (await ScalarAsync(server.ConnectionString(), "SHOW timezone")).ShouldBe("UTC");
        (await ScalarAsync(server.ConnectionString(), "SELECT current_user::text")).ShouldBe("platform");
        (await ScalarAsync(server.ConnectionString(), "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user")).ShouldBe("false");
        File.GetUnixFileMode(_temp.Combine("pg", "socket")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [SkippableFact]
    public async Task StartAsync_DefaultOptions_IsDurable()
    {
        Requires.Tool("setpriv");
        await using var server = await PrivatePostgres.StartAsync(_temp.Combine("pg"), new PrivatePostgresOptions(), NullLogger.Instance, TimeProvider.System, default);

        foreach (var setting in new[] { "fsync", "synchronous_commit", "full_page_writes" })
        {
            (await ScalarAsync(server.SuperuserConnectionString(), $"SHOW {setting}")).ShouldBe("on");
        }
    }

    [SkippableFact]
    public async Task StartAsync_SecondTime_KeepsData()
    {
        await using (var first = await StartAsync(_temp.Combine("pg"), durable: true))
        {
            await first.EnsureDatabaseAsync("platform", default);
            await ScalarAsync(first.ConnectionString(), "CREATE TABLE kept (x int); INSERT INTO kept VALUES (7)");
        }

        await using var second = await StartAsync(_temp.Combine("pg"));
        (await ScalarAsync(second.ConnectionString(), "SELECT x::text FROM kept")).ShouldBe("7");
    }

    [SkippableFact]
    public async Task StartAsync_FolderInUse_RefusedClearly()
    {
        await using var server = await StartAsync(_temp.Combine("pg"));

        (await Should.ThrowAsync<StartupException>(() => StartAsync(_temp.Combine("pg")))).Message.ShouldContain("in use by another process");
        (await ScalarAsync(server.SuperuserConnectionString(), "SELECT 'alive'")).ShouldBe("alive");
    }

    [SkippableFact]
    public async Task StartAsync_LongOrOddPath_PutsSocketElsewhere()
    {
        var folder = _temp.Combine(new string('x', 120) + ", odd");
        await using var server = await StartAsync(folder);

        var host = new NpgsqlConnectionStringBuilder(server.SuperuserConnectionString()).Host!;
        host.ShouldStartWith("/tmp/iot-pg-");
        File.GetUnixFileMode(host).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (await ScalarAsync(server.SuperuserConnectionString(), "SELECT 'alive'")).ShouldBe("alive");
        await server.DisposeAsync();
        Directory.Exists(host).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task StartAsync_RootAndClosedParent_NamesTheFolder()
    {
        Requires.Tool("initdb");
        Skip.If(Posix.EffectiveUserId != 0, "only root runs the server as another user");
        var closed = Directory.CreateDirectory(_temp.Combine("closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

        var refused = await Should.ThrowAsync<StartupException>(() => StartAsync(Path.Combine(closed, "deep", "pg")));

        refused.Message.ShouldContain($"may not enter {closed}");
        refused.Message.ShouldContain("chmod o+x");
    }

    [SkippableFact]
    public async Task StartAsync_InterruptedInitDb_StartsOver()
    {
        Directory.CreateDirectory(_temp.Combine("pg", "data.new"));
        File.WriteAllText(_temp.Combine("pg", "data.new", "PG_VERSION"), "15\n");

        await using var server = await StartAsync(_temp.Combine("pg"));

        (await ScalarAsync(server.SuperuserConnectionString(), "SELECT 'alive'")).ShouldBe("alive");
    }

    [SkippableFact]
    public async Task StartAsync_PidFileOfAnotherProgram_IsRemoved()
    {
        await using (await StartAsync(_temp.Combine("pg")))
        {
        }

        // After a reboot the number may belong to anything: here to this test.
        File.WriteAllText(_temp.Combine("pg", "data", "postmaster.pid"), $"{Environment.ProcessId}\n{_temp.Combine("pg", "data")}\n1\n5432\n\n\n\nready\n");
        await using var server = await StartAsync(_temp.Combine("pg"));

        (await ScalarAsync(server.SuperuserConnectionString(), "SELECT 'alive'")).ShouldBe("alive");
    }

    [SkippableFact]
    public async Task StartAsync_BrokenDataFolder_SaysWhy()
    {
        await using (await StartAsync(_temp.Combine("pg")))
        {
        }

        File.Delete(_temp.Combine("pg", "data", "global", "pg_control"));

        (await Should.ThrowAsync<StartupException>(() => StartAsync(_temp.Combine("pg")))).Message.ShouldContain("did not start");
    }

    [SkippableFact]
    public async Task StartAsync_DataOfAnotherMajorVersion_NamesThePackage()
    {
        Requires.Tool("initdb");
        Directory.CreateDirectory(_temp.Combine("pg", "data"));
        File.WriteAllText(_temp.Combine("pg", "data", "PG_VERSION"), "9\n");

        (await Should.ThrowAsync<StartupException>(() => StartAsync(_temp.Combine("pg")))).Message.ShouldContain("Install postgresql-9");
    }

    [Fact]
    public async Task StartAsync_NoBinaries_SaysWhatToInstall()
    {
        var refused = await Should.ThrowAsync<StartupException>(() => PrivatePostgres.StartAsync(_temp.Combine("pg"), new PrivatePostgresOptions { BinDirectory = _temp.Path }, NullLogger.Instance, TimeProvider.System, default));

        refused.Message.ShouldContain("No PostgreSQL server programs");
    }

    [SkippableFact]
    public async Task ServerKilled_WhileHostRuns_ComesBackAndDataSourceRecovers()
    {
        await using var server = await StartAsync(_temp.Combine("pg"), durable: true);
        await server.EnsureDatabaseAsync("platform", default);
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString());
        await using (var command = dataSource.CreateCommand("CREATE TABLE kept AS SELECT 7 AS x"))
        {
            await command.ExecuteNonQueryAsync();
        }

        var killed = server.ServerProcessId;
        var restarted = new TaskCompletionSource();
        server.Restarted += dataSource.Clear;
        server.Restarted += restarted.SetResult;
        Posix.Signal(killed, Posix.Kill).ShouldBeTrue();
        await restarted.Task.WaitAsync(TimeSpan.FromSeconds(60));

        server.ServerProcessId.ShouldNotBe(killed);
        await using var read = dataSource.CreateCommand("SELECT x FROM kept");
        (await read.ExecuteScalarAsync()).ShouldBe(7);
    }

    [SkippableFact]
    public async Task DisposeAsync_RunningServer_EndsIt()
    {
        var server = await StartAsync(_temp.Combine("pg"));
        var id = server.ServerProcessId;

        await server.DisposeAsync();

        Posix.IsAlive(id).ShouldBeFalse();
        File.Exists(_temp.Combine("pg", "data", "postmaster.pid")).ShouldBeFalse();
    }

    private static Task<PrivatePostgres> StartAsync(string folder, bool durable = false)
    {
        Requires.Tool("setpriv");
        return PrivatePostgres.StartAsync(folder, new PrivatePostgresOptions { Durable = durable }, NullLogger.Instance, TimeProvider.System, default);
    }

    private static async Task<string?> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() as string;
    }
}
