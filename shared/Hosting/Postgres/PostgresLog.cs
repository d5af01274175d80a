using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

internal static partial class PostgresLog
{
    [LoggerMessage(1, LogLevel.Information, "private PostgreSQL is ready, process {ProcessId}")]
    public static partial void Started(ILogger logger, int processId);

    [LoggerMessage(2, LogLevel.Error, "private PostgreSQL ended unexpectedly; starting it again in {Milliseconds} ms")]
    public static partial void Died(ILogger logger, double milliseconds);

    [LoggerMessage(3, LogLevel.Error, "private PostgreSQL could not be started again: {Reason}")]
    public static partial void RestartFailed(ILogger logger, string reason);
}
