using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

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
            default: // names this stack, for callers that meant the other one
                throw new ProblemException(StatusCodes.Status404NotFound, "not_found", Detail(context));
        }
    }

    private static string Detail(HttpContext context) =>
        context.RequestServices.GetService<StackTitle>() is { } stack ? $"There is nothing at this address of the {stack}." : "There is nothing at this address.";
}

/// <summary>Which stack this is, for people: <c>IoT tenant acme</c>.</summary>
public sealed record StackTitle(string Text)
{
    public override string ToString() => Text;
}
