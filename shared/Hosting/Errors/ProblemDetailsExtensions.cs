using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

public static class ProblemDetailsExtensions
{
    /// <summary>Also bounds request bodies (64 KiB unless an endpoint says otherwise) and headers, and hides the server's name.</summary>
    public static IServiceCollection AddProblemDetailsForPlatform(this IServiceCollection services) => throw new NotImplementedException();

    /// <summary>First in the pipeline.</summary>
    public static IApplicationBuilder UseProblemDetails(this IApplicationBuilder app) => throw new NotImplementedException();
}
