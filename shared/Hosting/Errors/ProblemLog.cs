using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

internal static partial class ProblemLog
{
    [LoggerMessage(10, LogLevel.Debug, "{Method} {Path} answered {Status} {Code}")]
    public static partial void Refused(ILogger logger, string method, string path, int status, string code);

    [LoggerMessage(11, LogLevel.Error, "unexpected error in request {TraceId}, {Method} {Path}")]
    public static partial void Fault(ILogger logger, string traceId, string method, string path, Exception exception);
}
