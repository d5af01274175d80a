using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

internal static class LimitServices
{
    /// <summary>Kestrel's own bounds, and ours on connections and requests. Sockets live in real time, whatever the application's clock says.</summary>
    public static IServiceCollection AddHostLimits(this IServiceCollection services)
    {
        services.AddSingleton(_ => HostCapacity.Measure());
        services.AddSingleton(s => new ClientConnections(s.GetRequiredService<HostCapacity>(), TimeProvider.System, s.GetRequiredService<ILogger<ClientConnections>>()));
        services.AddSingleton(s => new ClientRequests(
            s.GetRequiredService<HostCapacity>(), s.GetRequiredService<ClientConnections>(), TimeProvider.System, s.GetRequiredService<ILogger<ClientRequests>>()));
        services.AddSingleton<IConnectionListenerFactory>(s => new BoundedTransport(
            ActivatorUtilities.CreateInstance<SocketTransportFactory>(s), s.GetRequiredService<HostCapacity>()));
        services.AddOptions<KestrelServerOptions>().Configure(kestrel =>
        {
            var limits = kestrel.Limits;
            limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            limits.MaxRequestBufferSize = 128 * 1024;
            limits.Http2.InitialStreamWindowSize = 96 * 1024;
            limits.Http2.InitialConnectionWindowSize = 256 * 1024;
        });
        return services;
    }

    /// <summary>First in the pipeline.</summary>
    public static void UseRequestLimits(this IApplicationBuilder app) => app.UseMiddleware<RequestLimitMiddleware>();

    /// <summary>After authorization, which authenticates: from there on the connection is known.</summary>
    public static void UseKnownClients(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.User.Identity is { IsAuthenticated: true } identity)
        {
            context.Know($"{identity.AuthenticationType} {identity.Name}");
        }

        return next(context);
    });
}

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
