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
        app.MapGet("/portal/uplink", ShowAsync).RequireAuthorization(UplinkView.Policy);
        app.MapPost("/portal/uplink/resend", ResendAsync).RequireAuthorization(UplinkResend.Policy);
    }

    private static Task<UplinkStatus> ShowAsync(UplinkView view, CancellationToken cancellationToken) => view.StatusAsync(cancellationToken);

    private static async Task<IResult> ResendAsync(ResendRequest request, ClaimsPrincipal caller, UplinkResend resend, CancellationToken cancellationToken)
    {
        await resend.RunAsync(request.From, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>How the way up is.</summary>
internal sealed class UplinkView(UplinkState state, UplinkCursor cursor) : IGuarded
{
    public static string Policy => Policies.Viewer;

    public async Task<UplinkStatus> StatusAsync(CancellationToken cancellationToken)
    {
        var now = state.Now;
        var (waiting, since) = await cursor.WaitingAsync(cancellationToken);
        return new UplinkStatus { State = now.State, ConnectedSince = now.Since, Reason = now.Reason, Waiting = waiting, WaitingSince = since };
    }

    public Task<UplinkPosition> PositionAsync(CancellationToken cancellationToken) => cursor.PositionAsync(cancellationToken);
}

/// <summary>Sends again what was received from a time on.</summary>
internal sealed class UplinkResend(UplinkCursor cursor) : IGuarded
{
    public static string Policy => Policies.Operator;

    public Task RunAsync(DateTimeOffset from, string actor, CancellationToken cancellationToken) => cursor.PutBackAsync(from.ToUniversalTime(), actor, null, cancellationToken);
}

internal static class UplinkServices
{
    public static IServiceCollection AddTelemetryUplink(this IServiceCollection services, UplinkOptions options) => services
        .AddSingleton(options)
        .AddSingleton<UplinkConnector>()
        .AddSingleton<UplinkCursor>()
        .AddSingleton<IMaintenanceTask, UplinkCheckpoints>()
        .AddSingleton<UplinkView>()
        .AddSingleton<UplinkResend>()
        .AddSingleton<UplinkCommands>()
        .AddSingleton<UplinkState>()
        .AddSingleton<IReadinessCheck>(s => s.GetRequiredService<UplinkState>())
        .AddSingleton<UplinkMetrics>()
        .AddHostedService<UplinkService>();
}
