using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.Database.Tests.Postgres;

public sealed class PlatformDatabaseTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task OpenAsync_NoConnectionString_PrivateServerInAClosedDataFolder()
    {
        Requires.Tool("initdb");
        using var folder = DataFolder.Open(_temp.Combine("data"));

        await using var database = await OpenAsync(folder, null);
        await Migrations.ApplyAsync(database.DataSource);

        (await new AuditLog(database.DataSource).AppendAsync(new AuditEntry("a", "b", "c"), default)).ShouldBe(1);
        (File.GetUnixFileMode(folder.Path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute)).ShouldBe(UnixFileMode.None);
        File.GetUnixFileMode(folder.Combine("postgres")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var settings = new NpgsqlConnectionStringBuilder(database.DataSource.ConnectionString);
        settings.MaxAutoPrepare.ShouldBe(64);
        settings.NoResetOnClose.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task OpenAsync_Reopened_ThroughTheSameFolderWorks()
    {
        Requires.Tool("initdb");
        for (var i = 1; i <= 2; i++)
        {
            using var folder = DataFolder.Open(_temp.Combine("data"));
            await using var database = await OpenAsync(folder, null);
            await Migrations.ApplyAsync(database.DataSource);
            (await new AuditLog(database.DataSource).AppendAsync(new AuditEntry("a", "b", "c"), default)).ShouldBe(i);
        }
    }

    [SkippableFact]
    public async Task OpenAsync_ServerKilled_NextCommandsSucceedAfterARestart()
    {
        Requires.Tool("initdb");
        using var folder = DataFolder.Open(_temp.Combine("data"));
        await using var database = await OpenAsync(folder, null);
        await using var idle = await database.DataSource.OpenConnectionAsync();
        var postmaster = int.Parse(File.ReadLines(folder.Combine("postgres", "data", "postmaster.pid")).First(), System.Globalization.CultureInfo.InvariantCulture);

        Posix.Signal(postmaster, Posix.Kill).ShouldBeTrue();

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var answer = 0;
        while (answer != 7)
        {
            try
            {
                await using var command = database.DataSource.CreateCommand("SELECT 7");
                answer = (int)(await command.ExecuteScalarAsync(limit.Token))!;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
            }
        }
    }

    [SkippableFact]
    public async Task OpenAsync_ExternalServer_IsUsed()
    {
        await using var external = await PostgresServer.CreateEmptyDatabaseAsync();
        using var folder = DataFolder.Open(_temp.Combine("data"));

        await using var database = await OpenAsync(folder, external.ConnectionString + ";Max Auto Prepare=3");

        await using var command = database.DataSource.CreateCommand("SELECT current_database()::text");
        (await command.ExecuteScalarAsync()).ShouldBe(external.Name);
        new NpgsqlConnectionStringBuilder(database.DataSource.ConnectionString).MaxAutoPrepare.ShouldBe(3);
        Directory.Exists(folder.Combine("postgres")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task OpenAsync_ExternalWithoutThatDatabase_Refused()
    {
        await using var external = await PostgresServer.CreateEmptyDatabaseAsync();

        var refused = await RefusedAsync(new NpgsqlConnectionStringBuilder(external.ConnectionString) { Database = "missing" }.ConnectionString);

        refused.ShouldContain("the database does not exist");
    }

    [SkippableFact]
    public async Task OpenAsync_ExternalWithWrongPassword_RefusedWithoutEcho()
    {
        Requires.Tool("initdb");
        await using var server = await PrivatePostgres.StartAsync(_temp.Combine("pg"), new PrivatePostgresOptions { Durable = false }, NullLogger.Instance, TimeProvider.System, default);
        await using (var superuser = NpgsqlDataSource.Create(server.SuperuserConnectionString()))
        {
            await using var password = superuser.CreateCommand("ALTER ROLE platform PASSWORD 'right'");
            await password.ExecuteNonQueryAsync();
            File.WriteAllText(_temp.Combine("pg", "data", "pg_hba.conf"), "local all postgres trust\nlocal all all scram-sha-256\n");
            await using var reload = superuser.CreateCommand("SELECT pg_reload_conf()");
            await reload.ExecuteNonQueryAsync();
        }

        var refused = await RefusedAsync(server.ConnectionString("postgres") + ";Password=s3cret-guess");

        refused.ShouldContain("wrong user name or password");
        refused.ShouldNotContain("s3cret");
        refused.Split('\n').Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("Host=x;Passwort=s3cret")]
    [InlineData("s3cret")]
    [InlineData("Host=x;Port=s3cret")]
    public async Task OpenAsync_MalformedConnectionString_RefusedWithoutEcho(string connectionString)
    {
        var refused = await RefusedAsync(connectionString);

        refused.ShouldContain("IOT_DATABASE");
        refused.ShouldNotContain("s3cret");
    }

    private async Task<string> RefusedAsync(string connectionString)
    {
        using var folder = DataFolder.Open(_temp.Combine("data"));
        return (await Should.ThrowAsync<StartupException>(() => OpenAsync(folder, connectionString))).Message;
    }

    private static Task<PlatformDatabase> OpenAsync(DataFolder folder, string? connectionString) =>
        PlatformDatabase.OpenAsync(folder, connectionString, "platform", NullLoggerFactory.Instance, TimeProvider.System, default);
}
