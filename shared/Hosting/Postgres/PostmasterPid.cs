using System.Globalization;
using IoTPlatform.Hosting.Processes;

namespace IoTPlatform.Hosting;

/// <summary><c>postmaster.pid</c>: line 1 the process id, line 8 the state.</summary>
internal static class PostmasterPid
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    public static bool IsReady(PostgresFolder folder, int processId)
    {
        var lines = Read(folder);
        return lines.Length >= 8 && ProcessIdIn(lines) == processId && string.Equals(lines[7].Trim(), "ready", StringComparison.Ordinal);
    }

    /// <summary>Ends a server that a killed host left behind, and removes a file whose process id now belongs to another program.</summary>
    public static async Task CleanAsync(PostgresFolder folder, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        if (ProcessIdIn(Read(folder)) is not { } processId || !Posix.IsAlive(processId))
        {
            return; // PostgreSQL itself clears up after a dead process and waits for its children
        }

        if (!IsServerOf(processId, folder))
        {
            File.Delete(PathOf(folder));
            return;
        }

        Posix.Signal(processId, Posix.Interrupt);
        var asked = time.GetTimestamp();
        while (Posix.IsAlive(processId) && IsServerOf(processId, folder))
        {
            if (time.GetElapsedTime(asked) > patience)
            {
                Posix.Signal(processId, Posix.Quit);
                asked = time.GetTimestamp();
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    private static bool IsServerOf(int processId, PostgresFolder folder)
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0');
            return Path.GetFileName(arguments[0]) is "postgres" && arguments.Contains(folder.Data, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

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
