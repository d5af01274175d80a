using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

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
