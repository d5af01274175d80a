using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>The edge where errors become answers: exceptions and bare status codes leave as <c>application/problem+json</c>, and nothing of an unexpected exception leaves at all.</summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (ClientAbort.Is(context, e))
        {
            ProblemLog.ClientGone(logger, context.Request.Method, context.Request.Path);
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }

            // Else the server tries to read the rest of the body, and reports that it can't.
            context.Abort();
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var problem = ProblemTranslation.Of(e);
            if (problem is not null)
            {
                ProblemLog.Answered(logger, context, problem);
            }

            await AnswerAsync(context, problem ?? Unexpected(context, e));
            return;
        }

        if (ProblemResponse.IsBare(context))
        {
            await AnswerAsync(context, ProblemTranslation.OfStatus(context.Response.StatusCode));
        }
    }

    private static Task AnswerAsync(HttpContext context, ProblemException problem) =>
        context.GetEndpoint()?.Metadata.GetMetadata<IProblemPage>() is { } page ? page.WriteAsync(context, problem) : ProblemResponse.WriteAsync(context, problem);

    private ProblemException Unexpected(HttpContext context, Exception exception)
    {
        ProblemLog.Fault(logger, context.TraceIdentifier, context.Request.Method, context.Request.Path, exception);
        return new ProblemException(500, "internal_error", $"An unexpected error; the server's log has it under trace id {context.TraceIdentifier}.");
    }
}

/// <summary>Metadata of an endpoint that people look at: what went wrong is a page there.</summary>
public interface IProblemPage
{
    Task WriteAsync(HttpContext context, ProblemException problem);
}

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

/// <summary>Whether a request failed because its client disconnected: not a server error, and no client to answer.</summary>
public static class ClientAbort
{
    public static bool Is(HttpContext context, Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is ConnectionResetException or ConnectionAbortedException || (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested))
            {
                return true;
            }
        }

        return false;
    }
}
