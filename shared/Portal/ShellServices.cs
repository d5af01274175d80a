using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Portal.Assets;
using IoTPlatform.Portal.Layout;
using IoTPlatform.Portal.Live;
using IoTPlatform.Portal.Pages;
using IoTPlatform.Portal.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;

namespace IoTPlatform.Portal;

public static class ShellServices
{
    /// <summary>A browser gives a page's state back when it connects, in one message: a table of fifty rows, or curves, are more than SignalR's 32 KB.</summary>
    private const int LongestMessage = 1024 * 1024;

    /// <summary>The pages of a portal. Needs the host's accounts and its portal's sign-in.</summary>
    public static IServiceCollection AddPortalShell(this IServiceCollection services, PortalShell shell)
    {
        services.AddSingleton(shell);
        services.AddRazorComponents(components => components.DetailedErrors = false).AddInteractiveServerComponents(circuits =>
        {
            circuits.DetailedErrors = false;
            // A page that lost its connection comes back with its form within this time.
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(3);
            circuits.DisconnectedCircuitMaxRetained = 200;
            // The state of pages that did not come back in time.
            circuits.PersistedCircuitInMemoryMaxRetained = 200;
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = LongestMessage);
        services.AddCascadingAuthenticationState();
        services.AddMudServices();
        services.AddSingleton<AuditPulse>();
        services.AddSingleton(provider => new ReloadTurns(provider.GetRequiredService<TimeProvider>(), ReloadTurns.PerSecondAndProcessor * Environment.ProcessorCount));
        services.AddSingleton<HourlyActions>();
        services.AddHostedService<HourlyActionsCounter>();
        services.AddSingleton<MessageRates>();
        services.AddSingleton<OpenCircuits>();
        services.AddScoped<TabVisibility>();
        services.AddScoped<PortalCaller>();
        services.AddScoped<PortalCalls>();
        services.AddScoped<CircuitSession>();
        services.AddScoped<CircuitHandler>(provider => provider.GetRequiredService<CircuitSession>());
        return services;
    }

    public static void MapPortalShell(this WebApplication app)
    {
        var shell = app.Services.GetRequiredService<PortalShell>();
        // Measures from the start, whether a page is open or not.
        app.Services.GetRequiredService<MessageRates>();
        app.UseMiddleware<ShellHeaders>();
        app.UseAntiforgery();
        PortalAssets.Map(app);
        AuditExport.Map(app);
        CertificateDownload.Map(app);
        app.MapRazorComponents<App>()
            .AddAdditionalAssemblies(shell.Pages)
            .AddInteractiveServerRenderMode(server =>
            {
                // Compressing what carries a secret beside text of others tells its length (BREACH).
                server.DisableWebSocketCompression = true;
                server.ContentSecurityFrameAncestorsPolicy = null; // ShellHeaders says it
            })
            .RequireAuthorization(PortalAccess.Policy)
            .WithMetadata(new ShellEndpoint(), new PortalProblemPage(), new ExcludeFromDescriptionAttribute());
    }
}

/// <summary>Marks the pages and their connection.</summary>
internal sealed class ShellEndpoint;

/// <summary>
/// What a browser may do with a page. Scripts are files of this host; styles may be inline, because MudBlazor's components place their parts by style attributes. The
/// connection of a page is refused to other sites' pages, which could bring the cookie along where a browser does not know SameSite.
/// </summary>
internal sealed class ShellHeaders(RequestDelegate next)
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<ShellEndpoint>() is null)
        {
            return next(context);
        }

        if (context.Request.Headers.Origin is [{ } origin] && !IsOwn(context.Request, origin))
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "another_site", "A page of another site can't use this portal.");
        }

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        return next(context);
    }

    private static bool IsOwn(HttpRequest request, string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var from) && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
}
