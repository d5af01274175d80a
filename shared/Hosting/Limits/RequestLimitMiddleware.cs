using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting;

/// <summary>Gives a request its place, or answers 503 <c>overloaded</c>.</summary>
internal sealed class RequestLimitMiddleware(RequestDelegate next, ClientRequests requests)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<ClientConnection>() is not { } connection)
        {
            // A listener without limits of its own.
            await next(context);
            return;
        }

        using (var place = requests.Begin(connection))
        {
            if (place is null)
            {
                context.Response.Headers.Connection = "close";
                await ProblemResponse.WriteAsync(context, new ProblemException(StatusCodes.Status503ServiceUnavailable, "overloaded", "The server has too many requests at once. Try again.", Soon));
            }
            else
            {
                await next(context);
            }
        }

        connection.Lingers |= context.Response.StatusCode is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status503ServiceUnavailable;
    }
}
