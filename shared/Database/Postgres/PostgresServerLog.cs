namespace IoTPlatform.Database;

/// <summary>Finds the reason of a failed start in the server's own log.</summary>
internal static class PostgresServerLog
{
    private const int Tail = 16 * 1024;

    public static string? LastProblem(string logFolder) => LastRun(logFolder).Split('\n').LastOrDefault(IsProblem)?.Trim();

    /// <summary>What the newest log holds of the server's last run; empty without a log.</summary>
    public static string LastRun(string logFolder)
    {
        var newest = new DirectoryInfo(logFolder).EnumerateFiles("postgres-*.log").MaxBy(f => f.LastWriteTimeUtc);
        if (newest is null)
        {
            return "";
        }

        using var stream = new FileStream(newest.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(-Math.Min(Tail, stream.Length), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        return text[Math.Max(0, text.LastIndexOf("starting PostgreSQL", StringComparison.Ordinal))..];
    }

    private static bool IsProblem(string line) => line.Contains("FATAL:", StringComparison.Ordinal) || line.Contains("PANIC:", StringComparison.Ordinal);
}
