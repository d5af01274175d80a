using System.Globalization;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.Iot;

/// <summary>The database of a stack on this machine: of the running stack, or its private server started for the moment.</summary>
internal sealed class LocalDatabase : IAsyncDisposable
{
    private readonly Func<ValueTask> _close;

    private LocalDatabase(NpgsqlDataSource dataSource, Func<ValueTask> close) => (DataSource, _close) = (dataSource, close);

    public NpgsqlDataSource DataSource { get; }

    /// <summary>As it goes into the audit log: who ran iot on this machine.</summary>
    public static string Actor => MachineOperator.Current;

    /// <param name="run">Whose environment may name the database.</param>
    /// <param name="stack">Whose.</param>
    /// <param name="name">Of the database in the private server: the stack's kind.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<LocalDatabase> OpenAsync(Run run, LocalStack stack, string name, CancellationToken cancellationToken)
    {
        if ((run.Env("IOT_DATABASE") ?? RunningServer(stack.Folder, name)) is { } connection)
        {
            var attached = NpgsqlDataSource.Create(connection);
            return new LocalDatabase(attached, attached.DisposeAsync);
        }

        var folder = DataFolder.Open(stack.Folder);
        try
        {
            var database = await PlatformDatabase.OpenAsync(folder, null, name, NullLoggerFactory.Instance, run.Time, cancellationToken);
            return new LocalDatabase(database.DataSource, async () =>
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
    private static string? RunningServer(string folder, string name)
    {
        var file = Path.Combine(folder, "postgres", "data", "postmaster.pid");
        if (!File.Exists(file) || File.ReadAllLines(file) is not { Length: >= 8 } lines || lines[7].Trim() != "ready")
        {
            return null;
        }

        return int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Posix.Kill(id, 0)
            ? new NpgsqlConnectionStringBuilder { Host = lines[4], Port = int.Parse(lines[3], CultureInfo.InvariantCulture), Username = "platform", Database = name, Pooling = false }.ConnectionString
            : null;
    }
}
