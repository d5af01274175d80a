using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting.Portal;

/// <summary>One HTML answer. Nothing in it runs, nobody frames it, nobody keeps it.</summary>
internal sealed class PortalPage(Markup html, int status = StatusCodes.Status200OK, TimeSpan? retryAfter = null) : IResult
{
    /// <summary>The identity provider's origin where a form may lead there by a redirect; null: no form does.</summary>
    public string? FormTarget { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        PortalHeaders.Set(response, FormTarget);
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return response.WriteAsync(html.ToString(), httpContext.RequestAborted);
    }
}
