using System.Globalization;
using IoTPlatform.Hosting.Processes;

namespace IoTPlatform.Hosting;

/// <summary>What a killed host, or a killed server, left behind: processes that still have the data open, and lock files.</summary>
internal static class PostgresLeftovers
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when nobody has the data open any more. Two servers on one folder would destroy it, so the lock files go only then:
    /// PostgreSQL cannot tell a process id that now belongs to another program (after a reboot) or to a zombie.</summary>
    public static async Task ClearAsync(PostgresFolder folder, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var data = Posix.RealPath(folder.Data);
        var signals = new Queue<int>([Posix.Interrupt, Posix.Quit, Posix.Kill]);
        var asked = long.MinValue;
        while (UsersOf(data) is { Count: > 0 } processes)
        {
            if ((asked == long.MinValue || time.GetElapsedTime(asked) > patience) && signals.TryDequeue(out var signal))
            {
                asked = time.GetTimestamp();
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

    /// <summary>Every process of a PostgreSQL server has its data folder as working directory.</summary>
    private static List<int> UsersOf(string data)
    {
        var users = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && string.Equals(WorkingDirectoryOf(process), data, StringComparison.Ordinal)
                && id != Environment.ProcessId)
            {
                users.Add(id);
            }
        }

        return users;
    }

    private static string? WorkingDirectoryOf(string process)
    {
        try
        {
            return new FileInfo(Path.Combine(process, "cwd")).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it just ended, or belongs to another user
        }
    }
}
