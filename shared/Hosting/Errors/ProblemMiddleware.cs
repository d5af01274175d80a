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

            await ProblemResponse.WriteAsync(context, problem ?? Unexpected(context, e));
            return;
        }

        if (ProblemResponse.IsBare(context))
        {
            await ProblemResponse.WriteAsync(context, ProblemTranslation.OfStatus(context.Response.StatusCode));
        }
    }

    private ProblemException Unexpected(HttpContext context, Exception exception)
    {
        ProblemLog.Fault(logger, context.TraceIdentifier, context.Request.Method, context.Request.Path, exception);
        return new ProblemException(500, "internal_error", $"An unexpected error; the server's log has it under trace id {context.TraceIdentifier}.");
    }
}
