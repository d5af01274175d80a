using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Database.Tests.Audit;

/// <summary>SQL as the application's role, against the audit log of a private server.</summary>
public sealed class AuditOwnerTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private readonly LogCapture _log = new();
    private DataFolder _folder = null!;
    private PlatformDatabase _database = null!;

    public async Task InitializeAsync()
    {
        Requires.Tool("initdb");
        _folder = DataFolder.Open(_temp.Combine("data"));
        _database = await OpenAsync();
        await _database.MigrateAsync(CancellationToken.None);
        await new AuditLog(_database.DataSource).AppendAsync(new AuditEntry("admin", "test.done", "x"), CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _folder?.Dispose();
        _temp.Dispose();
    }

    [SkippableTheory]
    [InlineData("UPDATE audit.entries SET actor = 'mallory'")]
    [InlineData("DELETE FROM audit.entries")]
    [InlineData("TRUNCATE audit.entries")]
    [InlineData("INSERT INTO audit.entries SELECT sequence + 1, at, actor, action, subject, details, hash FROM audit.entries")]
    [InlineData("UPDATE audit.head SET sequence = sequence + 1")]
    [InlineData("SELECT 1 FROM audit.head FOR UPDATE")]
    [InlineData("BEGIN; LOCK TABLE audit.entries IN ACCESS EXCLUSIVE MODE")]
    [InlineData("DROP TRIGGER append_only ON audit.entries")]
    [InlineData("ALTER TABLE audit.entries DISABLE TRIGGER ALL")]
    [InlineData("ALTER TABLE audit.entries RENAME TO gone")]
    [InlineData("ALTER TABLE audit.entries OWNER TO platform")]
    [InlineData("DROP TABLE audit.entries")]
    [InlineData("DROP SCHEMA audit CASCADE")]
    [InlineData("ALTER SCHEMA audit RENAME TO gone")]
    [InlineData("CREATE TABLE audit.more (x int)")]
    [InlineData("CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")]
    [InlineData("CREATE OR REPLACE FUNCTION audit.append(actor text, action text, subject text, details text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'")]
    [InlineData("CREATE RULE quiet AS ON INSERT TO audit.entries DO INSTEAD NOTHING")]
    [InlineData("SET session_replication_role = replica")]
    [InlineData("SET ROLE iot_audit")]
    [InlineData("GRANT iot_audit TO platform")]
    [InlineData("REASSIGN OWNED BY iot_audit TO platform")]
    public async Task Application_AttacksTheLog_LacksThePrivilege(string attack)
    {
        var refused = await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(attack));

        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, refused.MessageText);
        await ShouldBeIntactAsync(1);
    }

    [SkippableFact]
    public async Task Application_DropsItsDatabase_IsNotItsOwner()
    {
        var elsewhere = new NpgsqlConnectionStringBuilder(_database.DataSource.ConnectionString) { Database = "postgres" };
        await using var connection = new NpgsqlConnection(elsewhere.ConnectionString);
        await connection.OpenAsync();
        await using var drop = new NpgsqlCommand("DROP DATABASE provider WITH (FORCE)", connection);

        (await Should.ThrowAsync<PostgresException>(() => drop.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        await ShouldBeIntactAsync(1);
    }

    [SkippableFact]
    public async Task Application_ShadowsAFunctionOfTheLog_IsNotAsked()
    {
        // The log's functions run as its owner: a function of the caller's must not run inside them.
        await ExecuteAsync("CREATE SCHEMA mine; CREATE FUNCTION mine.sha256(bytea) RETURNS bytea LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''asked''; END'");
        await ExecuteAsync("SET search_path = mine, pg_catalog; SELECT audit.append('admin', 'test.done', 'y', '{}')");

        await ShouldBeIntactAsync(2);
    }

    [SkippableFact]
    public async Task Migrate_Again_WorksAndLeavesNoMembership()
    {
        await _database.DisposeAsync();
        _database = await OpenAsync();

        await _database.MigrateAsync(CancellationToken.None);

        (await Should.ThrowAsync<PostgresException>(() => ExecuteAsync("DELETE FROM audit.entries"))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        await ShouldBeIntactAsync(1);
    }

    [SkippableFact]
    public async Task Migrate_ServerOfOthers_WarnsUntilItsAdministratorDidIt()
    {
        await using var external = await PostgresServer.CreateEmptyDatabaseAsync();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        await using (var first = await PlatformDatabase.OpenAsync(_folder, external.ConnectionString, "provider", loggers, TimeProvider.System, CancellationToken.None))
        {
            await first.MigrateAsync(CancellationToken.None);
        }

        _log.Text.ShouldContain("owns the audit log");
        await external.ExecuteAsSuperuserAsync(await File.ReadAllTextAsync(ScriptPath()));
        var said = _log.Text.Length;
        await using var second = await PlatformDatabase.OpenAsync(_folder, external.ConnectionString, "provider", loggers, TimeProvider.System, CancellationToken.None);
        await second.MigrateAsync(CancellationToken.None);

        _log.Text[said..].ShouldNotContain("owns the audit log");
        (await Should.ThrowAsync<PostgresException>(() => external.ExecuteAsync("DELETE FROM audit.entries"))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        await new AuditLog(second.DataSource).AppendAsync(new AuditEntry("admin", "test.done", "x"), CancellationToken.None);
    }

    /// <summary>The file that the documentation gives to a database's administrator.</summary>
    private static string ScriptPath([System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../shared/Database/Audit/audit-owner.sql"));

    private Task<PlatformDatabase> OpenAsync() =>
        PlatformDatabase.OpenAsync(_folder, connectionString: null, "provider", Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database.DataSource.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task ShouldBeIntactAsync(long entries)
    {
        var verified = await new AuditLog(_database.DataSource).VerifyAsync(CancellationToken.None);
        verified.Intact.ShouldBeTrue(verified.Reason);
        verified.Entries.ShouldBe(entries);
    }
}
