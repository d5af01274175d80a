using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>303: the browser goes on with GET, whatever it came with.</summary>
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
