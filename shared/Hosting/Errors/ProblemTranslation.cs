using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting;

/// <summary>Which problem an exception or a bare status is.</summary>
public static class ProblemTranslation
{
    /// <summary>Null: not one of the expected ones.</summary>
    public static ProblemException? Of(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case ProblemException problem:
                    return problem;
                case BadHttpRequestException request:
                    return OfRequest(request);
                case DependencyDownException down:
                    return down.ToProblem();
                case IOException io when (io.HResult & 0xffff) is 28 or 122:
                    return DatabaseOutage.StorageFull(io);
                case IOException io when (io.HResult & 0xffff) is 30:
                    return DatabaseOutage.StorageReadOnly(io);
            }
        }

        return DatabaseOutage.Of(exception);
    }

    public static ProblemException OfStatus(int status) => status switch
    {
        400 => new(status, "malformed_request", "The request is malformed."),
        401 => new(status, "unauthenticated", "Sign in first, or present a valid credential."),
        403 => new(status, "forbidden", "The credential does not allow this."),
        404 => new(status, "not_found", "There is nothing at this address."),
        405 => new(status, "method_not_allowed", "The method is not allowed here."),
        413 => new(status, "body_too_large", "The request body is too large."),
        415 => new(status, "unsupported_media_type", "Send the body as application/json."),
        429 => new(status, "too_many_requests", "Too many requests. Wait before the next one."),
        503 => new(status, "unavailable", "The server could not answer in time. Try again."),
        _ => new(status, "error", "The request could not be completed."),
    };

    private static ProblemException OfRequest(BadHttpRequestException exception) => exception switch
    {
        { StatusCode: 400, InnerException: JsonException json } => new(400, "malformed_json", $"The body is not the JSON expected here{Where(json)}."),
        _ => OfStatus(exception.StatusCode),
    };

    // The exception's own text names internal types; the location and the missing members help the caller and disclose nothing.
    private static string Where(JsonException json)
    {
        const string Missing = "missing required properties including: ";
        var at = json.Message.IndexOf(Missing, StringComparison.Ordinal);
        return at >= 0 ? $"; missing: {json.Message[(at + Missing.Length)..].TrimEnd('.', ' ')}"
            : json is { LineNumber: { } line, BytePositionInLine: { } position } ? $" (line {line + 1}, byte {position + 1})"
            : "";
    }
}
