using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>The audit log belongs to a role without login: the application's role can append and read, and no more.</summary>
internal static partial class AuditOwner
{
    private const string Role = "iot_audit";

    /// <summary>For the time of the migrations, which may change the schema audit.</summary>
    /// <param name="superuser">Open.</param>
    /// <param name="application">The role that migrates.</param>
    public static Task LendAsync(NpgsqlConnection superuser, string application, CancellationToken cancellationToken) => ExecuteAsync(
        superuser, $"DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{Role}') THEN GRANT {Role} TO {PostgresIdentifier.Quote(application)}; END IF; END $$", cancellationToken);

    /// <summary>Takes the log away from the application, and back what <see cref="LendAsync"/> gave.</summary>
    public static async Task TakeAsync(NpgsqlConnection superuser, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(typeof(AuditOwner).Assembly.GetManifestResourceStream("IoTPlatform.Database.Audit.audit-owner.sql")!);
        await ExecuteAsync(superuser, await reader.ReadToEndAsync(cancellationToken), cancellationToken);
    }

    /// <summary>On a server that others run, only its administrator can do it: a start says when it has not been done.</summary>
    public static async Task WarnAsync(NpgsqlDataSource database, ILogger logger, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT current_user::text FROM pg_class WHERE oid = 'audit.entries'::regclass AND pg_has_role(current_user, relowner, 'MEMBER')");
        if (await command.ExecuteScalarAsync(cancellationToken) is string role)
        {
            ApplicationOwnsTheLog(logger, role);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(12, LogLevel.Warning, "The database role {Role} owns the audit log and could rewrite it. Let the database's administrator run audit-owner.sql: see docs/operations.md")]
    private static partial void ApplicationOwnsTheLog(ILogger logger, string role);
}
