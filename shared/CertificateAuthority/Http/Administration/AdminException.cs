using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>An answer in the error shape of step-ca's administration API. The message is shown to the caller, the reason is for the log.</summary>
internal sealed class AdminException(int status, string type, string detail, string message, string? reason = null, Exception? inner = null) : Exception(reason ?? message, inner)
{
    public int Status { get; } = status;

    /// <summary>One of step-ca's.</summary>
    public string Type { get; } = type;

    /// <summary>Fixed words of the type.</summary>
    public string Detail { get; } = detail;

    public string Answer { get; } = message;

    public static AdminException BadRequest(string message, Exception? inner = null) => new(400, "badRequest", "bad request", message, inner: inner);

    public static AdminException NotFound(string message, Exception? inner = null) => new(404, "notFound", "resource not found", message, inner: inner);

    public static AdminException Conflict(string message, Exception? inner = null) => new(409, "conflict", "conflict", message, inner: inner);

    public static AdminException Unauthorized(string message, Exception? inner = null) => new(401, "unauthorized", "unauthorized", message, inner: inner);

    /// <summary>Always the same words: whoever is not known learns nothing about why.</summary>
    public static AdminException BadToken(string reason, Exception? inner = null) =>
        new(401, "unauthorized", "unauthorized", "the admin token is not accepted; see the certificate authority logs for more info", reason, inner);

    public static AdminException Of(Exception error) => error switch
    {
        AdminException e => e,
        JoseException e => BadToken(e.Message, e),
        StepCaException { Status: 413 } => new AdminException(413, "badRequest", "bad request", "request body too large"),
        StepCaException e => BadRequest(e.Answer, e),
        ProblemException { Status: 401 } e => Unauthorized(e.Message, e),
        ProblemException { Status: 404 } e => NotFound(e.Message, e),
        ProblemException { Status: 412 } e => Conflict(e.Message, e),
        ProblemException { Status: >= 400 and < 500 } e => BadRequest(e.Message, e),
        ProblemException e => new AdminException(e.Status, "internalServerError", "the server experienced an internal error", e.Message, inner: e),
        BadHttpRequestException e => new AdminException(e.StatusCode, "badRequest", "bad request", "bad request", inner: e),
        _ => new AdminException(500, "internalServerError", "the server experienced an internal error", "see the certificate authority logs for more info", inner: error),
    };
}
