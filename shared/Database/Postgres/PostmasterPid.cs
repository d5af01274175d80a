using System.Globalization;

namespace IoTPlatform.Database;

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
