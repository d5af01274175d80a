using System.Security.Claims;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.Devices;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>How the way up is, and sending again what a provider that was restored from a backup has lost.</summary>
internal static class UplinkEndpoints
{
    public static void MapUplink(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/uplink", ShowAsync).RequireAuthorization(Policies.Viewer);
        app.MapPost("/portal/uplink/resend", ResendAsync).RequireAuthorization(Policies.Operator);
    }

    private static async Task<UplinkStatus> ShowAsync(UplinkState state, UplinkCursor cursor, CancellationToken cancellationToken)
    {
        var now = state.Now;
        var (waiting, since) = await cursor.WaitingAsync(cancellationToken);
        return new UplinkStatus { State = now.State, ConnectedSince = now.Since, Reason = now.Reason, Waiting = waiting, WaitingSince = since };
    }

    private static async Task<IResult> ResendAsync(ResendRequest request, ClaimsPrincipal caller, UplinkCursor cursor, CancellationToken cancellationToken)
    {
        await cursor.PutBackAsync(request.From.ToUniversalTime(), Caller.Name(caller), null, cancellationToken);
        return TypedResults.NoContent();
    }
}

internal static class UplinkServices
{
    public static IServiceCollection AddTelemetryUplink(this IServiceCollection services, UplinkOptions options) => services
        .AddSingleton(options)
        .AddSingleton<UplinkConnector>()
        .AddSingleton<UplinkCursor>()
        .AddSingleton<IMaintenanceTask, UplinkCheckpoints>()
        .AddSingleton<UplinkCommands>()
        .AddSingleton<UplinkState>()
        .AddSingleton<IReadinessCheck>(s => s.GetRequiredService<UplinkState>())
        .AddSingleton<UplinkMetrics>()
        .AddHostedService<UplinkService>();
}
