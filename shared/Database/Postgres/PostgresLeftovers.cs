using System.Globalization;
using IoTPlatform.Hosting.Processes;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Database;

/// <summary>What a killed host, or a killed server, left behind: server processes that still have the data open, and lock files.</summary>
internal static class PostgresLeftovers
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when no server has the data open any more. Two servers on one folder would destroy it, so the lock files go only then:
    /// PostgreSQL cannot detect that a process id now belongs to another program (after a reboot) or to a zombie.</summary>
    public static async Task ClearAsync(PostgresFolder folder, TimeSpan patience, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var data = Posix.RealPath(folder.Data);
        var signals = new Queue<int>([Posix.Interrupt, Posix.Quit, Posix.Kill]);
        var asked = long.MinValue;
        while (ServersOn(data) is { Count: > 0 } processes)
        {
            if ((asked == long.MinValue || time.GetElapsedTime(asked) > patience) && signals.TryDequeue(out var signal))
            {
                asked = time.GetTimestamp();
                PostgresLog.EndingEarlier(logger, string.Join(", ", processes), data, signal, patience.TotalSeconds);
                Ask(processes, PostmasterPid.ProcessId(folder), signal);
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }

        PostmasterPid.Remove(folder);
        foreach (var file in Directory.EnumerateFiles(folder.Socket, ".s.PGSQL.*"))
        {
            File.Delete(file);
        }
    }

    // A living server ends its own children; children without one end themselves, unless they are stuck.
    private static void Ask(IReadOnlyList<int> processes, int? server, int signal)
    {
        if (server is { } id && processes.Contains(id) && signal != Posix.Kill)
        {
            Posix.Signal(id, signal);
        }
        else if (signal != Posix.Interrupt)
        {
            foreach (var process in processes)
            {
                Posix.Signal(process, signal);
            }
        }
    }

    /// <summary>Every process of a PostgreSQL server runs the server program with its data folder as working directory. A shell or a backup there does not.</summary>
    private static List<int> ServersOn(string data)
    {
        var servers = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && string.Equals(LinkOf(process, "cwd"), data, StringComparison.Ordinal)
                && IsServerProgram(LinkOf(process, "exe")))
            {
                servers.Add(id);
            }
        }

        return servers;
    }

    // A package upgrade removes the file under a running server: the kernel then adds " (deleted)".
    private static bool IsServerProgram(string? path) => Path.GetFileName(path) is "postgres" or "postgres (deleted)";

    private static string? LinkOf(string process, string name)
    {
        try
        {
            return new FileInfo(Path.Combine(process, name)).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it just ended, or belongs to another user
        }
    }
}
