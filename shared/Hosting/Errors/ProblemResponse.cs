using System.Globalization;
using IoTPlatform.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

/// <summary>Writes an <see cref="ApiProblem"/>.</summary>
internal static class ProblemResponse
{
    /// <summary>An error status without a body.</summary>
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

public static class ProblemDetailsExtensions
{
    /// <summary>Request bodies are at most this long unless an endpoint says otherwise ([RequestSizeLimit]).</summary>
    public const long MaxRequestBodyBytes = 64 * 1024;

    /// <summary>Also bounds request bodies (64 KiB unless an endpoint says otherwise), and hides the server's name.</summary>
    public static IServiceCollection AddProblemDetailsForPlatform(this IServiceCollection services)
    {
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
        });

        // Binding failures come as exceptions to the one place that translates errors, in every environment.
        return services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
    }

    /// <summary>First in the pipeline.</summary>
    public static IApplicationBuilder UseProblemDetails(this IApplicationBuilder app) => app.UseMiddleware<ProblemMiddleware>();
}
