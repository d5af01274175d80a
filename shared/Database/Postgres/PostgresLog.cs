using Microsoft.Extensions.Logging;

namespace IoTPlatform.Database;

internal static partial class PostgresLog
{
    [LoggerMessage(1, LogLevel.Information, "private PostgreSQL is ready, process {ProcessId}")]
    public static partial void Started(ILogger logger, int processId);

    [LoggerMessage(2, LogLevel.Error, "private PostgreSQL ended unexpectedly; starting it again in {Milliseconds} ms")]
    public static partial void Died(ILogger logger, double milliseconds);

    [LoggerMessage(3, LogLevel.Error, "private PostgreSQL could not be started again: {Reason}")]
    public static partial void RestartFailed(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Information, "waiting up to {Seconds} s for the initdb of an earlier run in {Folder}")]
    public static partial void WaitingForInitDb(ILogger logger, string folder, double seconds);

    [LoggerMessage(5, LogLevel.Information, "the PostgreSQL of an earlier run (process {Processes}) still has {Folder} open: sending signal {Signal}, waiting up to {Seconds} s for its end")]
    public static partial void EndingEarlier(ILogger logger, string processes, string folder, int signal, double seconds);
}

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
