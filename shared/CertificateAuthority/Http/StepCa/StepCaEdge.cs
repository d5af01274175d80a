using System.Globalization;
using System.Net;
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
        // Started, so that no middleware fills the body, which is empty in step-ca.
        return context.Response.StartAsync(context.RequestAborted);
    }

    public RequestDelegate Wrap(Func<HttpContext, Task> handler) => async context =>
    {
        try
        {
            await handler(context);
        }
        catch (Exception e) when (ClientAbort.Is(context, e))
        {
            // There is no client to answer, and no rest of the body to read.
            context.Abort();
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, e);
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
        ProblemException { Code: "template_failed" } e => StepCaException.BadRequest(Sentence(e.Message), e),
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

/// <summary>An answer in step-ca's error shape. The message is shown to the caller, the reason is for the log.</summary>
internal sealed class StepCaException(int status, string message, string? reason = null, Exception? inner = null) : Exception(reason ?? message, inner)
{
    private const string SeeLogs = "Please see the certificate authority logs for more info.";

    public int Status { get; } = status;

    public string Answer { get; } = message;

    public static StepCaException BadRequest(string what, Exception? inner = null) => new(400, $"The request could not be completed: {what}.", inner: inner);

    /// <summary>Always the same words: a refused caller learns nothing about why.</summary>
    public static StepCaException Unauthorized(string reason, Exception? inner = null) => new(401, "The request lacked necessary authorization to be completed. " + SeeLogs, reason, inner);

    public static StepCaException Forbidden(string what, Exception? inner = null) => new(403, $"The request was forbidden by the certificate authority: {what}.", inner: inner);

    public static StepCaException NotFound(string reason) => new(404, "The requested resource could not be found. " + SeeLogs, reason);

    public static StepCaException NotImplemented(string reason) => new(501, "The requested method is not implemented by the certificate authority. " + SeeLogs, reason);

    public static StepCaException TooLarge() => new(413, "The request could not be completed: request body too large.");
}

/// <summary>Reasons only: tokens, requests and keys are never written.</summary>
internal static partial class StepCaLog
{
    [LoggerMessage(10, LogLevel.Information, "{Path} refused with {Status} to {Remote}: {Reason}")]
    public static partial void Refused(ILogger log, string path, int status, IPAddress? remote, string reason);

    [LoggerMessage(12, LogLevel.Warning, "requests are answered {Status} {Code}: {Detail}")]
    public static partial void Unavailable(ILogger log, int status, string code, string detail);

    [LoggerMessage(11, LogLevel.Error, "{Path} failed, trace {TraceId}")]
    public static partial void Failed(ILogger log, string path, string traceId, Exception error);
}
