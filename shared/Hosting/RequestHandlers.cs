using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Hosting;

/// <summary>
/// A path below which authentication schemes answer requests themselves: a login's callback, the endpoints of an issuer. ASP.NET asks every such scheme about
/// every request, which an issuer's takes 15 µs to decline; here they are asked on the paths they name, and on no other.
/// </summary>
/// <param name="Path">Absolute, as <c>/realms/cdm</c>.</param>
public sealed record RequestHandlerPath(PathString Path);

internal static class RequestHandlers
{
    public static IServiceCollection AddRequestHandlers(this IServiceCollection services) =>
        services.Replace(ServiceDescriptor.Singleton<IAuthenticationSchemeProvider, SchemesAskedByPath>());

    /// <summary>Before UseAuthentication.</summary>
    public static void UseRequestHandlers(this WebApplication app)
    {
        var paths = app.Services.GetServices<RequestHandlerPath>().Select(handler => handler.Path).ToArray();
        app.UseWhen(context => Array.Exists(paths, path => context.Request.Path.StartsWithSegments(path)), branch => branch.Use(AskEachAsync));
    }

    private static async Task AskEachAsync(HttpContext context, RequestDelegate next)
    {
        var handlers = context.RequestServices.GetRequiredService<IAuthenticationHandlerProvider>();
        foreach (var scheme in await context.RequestServices.GetRequiredService<IAuthenticationSchemeProvider>().GetAllSchemesAsync())
        {
            if (typeof(IAuthenticationRequestHandler).IsAssignableFrom(scheme.HandlerType)
                && await handlers.GetHandlerAsync(context, scheme.Name) is IAuthenticationRequestHandler handler && await handler.HandleRequestAsync())
            {
                return;
            }
        }

        await next(context);
    }

    /// <summary>Names no scheme to ask about every request.</summary>
    private sealed class SchemesAskedByPath(IOptions<AuthenticationOptions> options) : AuthenticationSchemeProvider(options)
    {
        public override Task<IEnumerable<AuthenticationScheme>> GetRequestHandlerSchemesAsync() => Task.FromResult(Enumerable.Empty<AuthenticationScheme>());
    }
}
