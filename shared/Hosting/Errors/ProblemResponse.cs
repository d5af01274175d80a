using System.Globalization;
using IoTPlatform.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.Hosting;

/// <summary>Writes an <see cref="ApiProblem"/>.</summary>
internal static class ProblemResponse
{
    /// <summary>An error status that nobody gave a body.</summary>
    public static bool IsBare(HttpContext context) =>
        context.Response is { HasStarted: false, StatusCode: >= 400 and not 499, ContentLength: null or 0, ContentType: null };

    public static Task WriteAsync(HttpContext context, ProblemException problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        var body = new ApiProblem
        {
            Title = ReasonPhrases.GetReasonPhrase(problem.Status) is { Length: > 0 } phrase ? phrase : "Error",
            Status = problem.Status,
            Detail = problem.Message,
            Code = problem.Code,
        };
        return response.WriteAsJsonAsync(body, ContractsJson.Default.ApiProblem, "application/problem+json", context.RequestAborted);
    }
}
