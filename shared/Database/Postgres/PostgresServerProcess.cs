using System.Globalization;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Database;

/// <summary>One run of the server program, from start to ready to end.</summary>
internal sealed class PostgresServerProcess(PostgresFolder folder, PostgresBinaries binaries, bool durable, ParentThread parent, ILogger logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private ChildProcess? _child;

    public int Id => _child?.Id ?? throw new InvalidOperationException("not started");

    public Task Exited => _child?.Exited ?? Task.CompletedTask;

    /// <summary>Returns when connections are accepted; crash recovery may take its time, so only the server's end is a failure.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await PostgresLeftovers.ClearAsync(folder, StopPatience, logger, time, cancellationToken);
        _child = await ChildProcess.StartAsync(PostgresCommand.Server(folder, binaries, durable), parent);
        while (!PostmasterPid.IsReady(folder, _child.Id))
        {
            await Task.WhenAny(_child.Exited, Task.Delay(PollInterval, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (_child.Exited.IsCompleted)
            {
                throw new StartupException($"PostgreSQL did not start in {folder.Path}: {PostgresDisk.Problem(folder) ?? PostgresServerLog.LastProblem(folder.Log) ?? _child.LastError()}");
            }
        }
    }

    public async Task StopAsync()
    {
        if (_child is null || Exited.IsCompleted)
        {
            return;
        }

        foreach (var signal in (int[])(durable ? [Posix.Interrupt, Posix.Quit, Posix.Kill] : [Posix.Quit, Posix.Kill]))
        {
            Posix.Signal(_child.Id, signal);
            if (await Task.WhenAny(Exited, Task.Delay(StopPatience, time, CancellationToken.None)) == Exited)
            {
                return;
            }
        }
    }

    public void Dispose() => _child?.Dispose();
}

/// <summary><c>postmaster.pid</c>: line 1 the process id, line 8 the state.</summary>
internal static class PostmasterPid
{
    public static bool IsReady(PostgresFolder folder, int processId)
    {
        var lines = Read(folder);
        return lines.Length >= 8 && ProcessIdIn(lines) == processId && string.Equals(lines[7].Trim(), "ready", StringComparison.Ordinal);
    }

    public static int? ProcessId(PostgresFolder folder) => ProcessIdIn(Read(folder));

    public static void Remove(PostgresFolder folder) => File.Delete(PathOf(folder));

    private static int? ProcessIdIn(string[] lines) =>
        lines.Length > 0 && int.TryParse(lines[0].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 1 ? id : null;

    private static string[] Read(PostgresFolder folder)
    {
        try
        {
            return File.ReadAllLines(PathOf(folder));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static string PathOf(PostgresFolder folder) => Path.Combine(folder.Data, "postmaster.pid");
}
