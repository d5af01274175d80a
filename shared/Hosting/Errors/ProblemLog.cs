using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

public static partial class ProblemLog
{
    public static void Answered(ILogger logger, HttpContext context, ProblemException problem)
    {
        if (problem.Status >= StatusCodes.Status500InternalServerError)
        {
            Unavailable(logger, problem.Status, problem.Code, problem.Message);
        }
        else
        {
            Refused(logger, context.Request.Method, context.Request.Path, problem.Status, problem.Code);
        }
    }

    [LoggerMessage(10, LogLevel.Debug, "{Method} {Path} answered {Status} {Code}")]
    public static partial void Refused(ILogger logger, string method, string path, int status, string code);

    /// <summary>The same text for the same trouble, so that the log is throttled to a line and a count.</summary>
    [LoggerMessage(12, LogLevel.Warning, "requests are answered {Status} {Code}: {Detail}")]
    public static partial void Unavailable(ILogger logger, int status, string code, string detail);

    [LoggerMessage(13, LogLevel.Debug, "{Method} {Path}: the client went away")]
    public static partial void ClientGone(ILogger logger, string method, string path);

    [LoggerMessage(11, LogLevel.Error, "unexpected error in request {TraceId}, {Method} {Path}")]
    public static partial void Fault(ILogger logger, string traceId, string method, string path, Exception exception);
}
