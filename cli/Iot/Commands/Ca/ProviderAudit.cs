using System.Globalization;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.Iot;

/// <summary>
/// The audit log of a provider on this machine, reached through its database: of the running provider, or of its private server
/// started for the moment.
/// </summary>
internal sealed class ProviderAudit : IAsyncDisposable
{
    private const string DatabaseName = "provider";
    private readonly Func<ValueTask> _close;

    private ProviderAudit(NpgsqlDataSource database, Func<ValueTask> close)
    {
        Log = new AuditLog(database);
        _close = close;
    }

    public AuditLog Log { get; }

    /// <summary>As it goes into the log: who ran iot on this machine.</summary>
    public static string Actor => $"operator:{Environment.UserName}";

    public static async Task<ProviderAudit> OpenAsync(Run run, LocalStack stack, CancellationToken cancellationToken)
    {
        if ((run.Env("IOT_DATABASE") ?? RunningServer(stack.Folder)) is { } connection)
        {
            var attached = NpgsqlDataSource.Create(connection);
            return new ProviderAudit(attached, attached.DisposeAsync);
        }
        var folder = DataFolder.Open(stack.Folder);
        try
        {
            var database = await PlatformDatabase.OpenAsync(folder, null, DatabaseName, NullLoggerFactory.Instance, run.Time, cancellationToken);
            return new ProviderAudit(database.DataSource, async () =>
            {
                await database.DisposeAsync();
                folder.Dispose();
            });
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _close();

    // postmaster.pid: line 1 process id, 4 port, 5 socket folder, 8 state.
    private static string? RunningServer(string folder)
    {
        var file = Path.Combine(folder, "postgres", "data", "postmaster.pid");
        if (!File.Exists(file) || File.ReadAllLines(file) is not { Length: >= 8 } lines || lines[7].Trim() != "ready")
        {
            return null;
        }

        return int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Posix.Kill(id, 0)
            ? new NpgsqlConnectionStringBuilder { Host = lines[4], Port = int.Parse(lines[3], CultureInfo.InvariantCulture), Username = "platform", Database = DatabaseName, Pooling = false }.ConnectionString
            : null;
    }
}
