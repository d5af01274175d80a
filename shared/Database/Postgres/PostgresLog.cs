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
