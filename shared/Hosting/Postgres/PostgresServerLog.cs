namespace IoTPlatform.Hosting;

/// <summary>Finds the reason of a failed start in the server's own log.</summary>
internal static class PostgresServerLog
{
    private const int Tail = 16 * 1024;

    public static string? LastProblem(string logFolder)
    {
        var newest = new DirectoryInfo(logFolder).EnumerateFiles("postgres-*.log").MaxBy(f => f.LastWriteTimeUtc);
        if (newest is null)
        {
            return null;
        }

        using var stream = new FileStream(newest.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(-Math.Min(Tail, stream.Length), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        var problem = reader.ReadToEnd().Split('\n').LastOrDefault(l => l.Contains("FATAL:", StringComparison.Ordinal) || l.Contains("PANIC:", StringComparison.Ordinal));
        return problem?.Trim();
    }
}
