using System.Globalization;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The one place where anything thrown becomes step-ca's <c>{"status","message"}</c>.</summary>
internal sealed class StepCaEdge(ILogger<StepCaEdge> log)
{
    public static Task MethodNotAllowed(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        context.Response.ContentLength = 0;
        // Started, so that nobody fills the empty body that step-ca has here.
        return context.Response.StartAsync(context.RequestAborted);
    }

    public RequestDelegate Wrap(Func<HttpContext, Task> handler) => async context =>
    {
        try
        {
            await handler(context).ConfigureAwait(false);
        }
        catch (Exception e) when (ClientAbort.Is(context, e))
        {
            // Nobody to answer, and no rest of the body to read.
            context.Abort();
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, e).ConfigureAwait(false);
        }
    };

    private Task AnswerAsync(HttpContext context, Exception error)
    {
        error = error as ProblemException ?? DatabaseOutage.Of(error) ?? error;
        var answer = Translate(error);
        var path = context.Request.Path.ToUriComponent();
        if (error is ProblemException { Status: >= 500 } expected)
        {
            StepCaLog.Unavailable(log, expected.Status, expected.Code, OneLine(expected.Message));
        }
        else if (answer.Status >= 500 && answer.Status != StatusCodes.Status501NotImplemented)
        {
            StepCaLog.Failed(log, path, context.TraceIdentifier, error);
        }
        else
        {
            StepCaLog.Refused(log, path, answer.Status, context.Connection.RemoteIpAddress, OneLine(answer.Message));
        }

        if (error is ProblemException { RetryAfter: { } retryAfter })
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return StepCaJson.WriteErrorAsync(context.Response, answer.Status, answer.Answer);
    }

    private static StepCaException Translate(Exception error) => error switch
    {
        StepCaException e => e,
        JoseException e => StepCaException.Unauthorized(e.Message, e),
        PkiException e => StepCaException.Forbidden(Sentence(e.Message), e),
        ProblemException { Status: 401 } e => StepCaException.Unauthorized(e.Message, e),
        ProblemException { Status: 400 or 403 } e => StepCaException.Forbidden(Sentence(e.Message), e),
        ProblemException e => new StepCaException(e.Status, $"The request could not be completed: {Sentence(e.Message)}.", inner: e),
        BadHttpRequestException { StatusCode: 413 } => StepCaException.TooLarge(),
        BadHttpRequestException e => StepCaException.BadRequest("bad request", e),
        _ => new StepCaException(500, "The certificate authority encountered an Internal Server Error. Please see the certificate authority logs for more info.", inner: error),
    };

    /// <summary>Callers put words into messages; a line feed among them would write its own log line. The path is still percent-encoded.</summary>
    private static string OneLine(string text) => string.Create(text.Length, text, static (line, from) =>
    {
        for (var i = 0; i < line.Length; i++)
        {
            line[i] = char.IsControl(from[i]) ? '?' : from[i];
        }
    });

    private static string Sentence(string message) => message.TrimEnd('.');
}
