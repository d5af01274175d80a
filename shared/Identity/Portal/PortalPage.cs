using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>One HTML answer.</summary>
internal sealed class PortalPage(Markup html, int status = StatusCodes.Status200OK, TimeSpan? retryAfter = null) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        PortalHeaders.Set(response);
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return response.WriteAsync(html.ToString(), httpContext.RequestAborted);
    }
}

/// <summary>A page of the portal runs no script that is not a file of this host, cannot be framed and is not cached.</summary>
internal static class PortalHeaders
{
    public static void Set(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "same-origin"; // a callback's address has a code
        response.Headers.CacheControl = "no-store";
    }
}

/// <summary>303: the browser continues with GET, whatever the method of its request.</summary>
internal sealed class PortalRedirect(string location) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = location;
        PortalHeaders.Set(httpContext.Response);
        return Task.CompletedTask;
    }
}

/// <summary>HTML in which every value is encoded unless it is markup itself.</summary>
[InterpolatedStringHandler]
internal readonly struct Markup
{
    private readonly StringBuilder _html;

    public Markup(int literalLength, int formattedCount) => _html = new StringBuilder(literalLength + (16 * formattedCount));

    public static Markup None => $"";

    public void AppendLiteral(string literal) => _html.Append(literal);

    public void AppendFormatted(Markup markup) => _html.Append(markup._html);

    public void AppendFormatted(string? text) => _html.Append(HtmlEncoder.Default.Encode(text ?? ""));

    public override string ToString() => _html.ToString();
}
