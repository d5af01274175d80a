using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Hosting;

/// <summary>Answers 404, 405 and 415 before authorization: the deny-by-default policy would call every wrong address or method "unauthenticated".</summary>
internal sealed class UnroutedMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        switch (context.GetEndpoint())
        {
            case RouteEndpoint:
                return next(context);
            case { RequestDelegate: { } refusal }: // routing's own 405 or 415
                return refusal(context);
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }
}
