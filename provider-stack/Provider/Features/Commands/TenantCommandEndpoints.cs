using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Provider.Features.Commands;

/// <summary>Commands to tenants' devices, for the platform's staff.</summary>
internal static class TenantCommandEndpoints
{
    public static void MapTenantCommands(this IEndpointRouteBuilder app)
    {
        var commands = app.MapGroup("/portal/admin/tenants/{tenantId}/devices/{deviceId}/commands");
        commands.MapPost("/", SendAsync).RequireAuthorization(TenantCommandSending.Policy);
        commands.MapGet("/", ListAsync).RequireAuthorization(Policies.Viewer);
        commands.MapGet("/{id:guid}", ShowAsync).RequireAuthorization(Policies.Viewer);
    }

    private static async Task<IResult> SendAsync(
        string tenantId, string deviceId, SendCommandRequest request, HttpContext context, TenantCommandSending sending, CancellationToken cancellationToken) =>
        TypedResults.Json(await sending.SendAsync(tenantId, deviceId, request, Caller.Of(context.User), cancellationToken), BridgeCommandJson.View, statusCode: StatusCodes.Status201Created);

    private static async Task<IResult> ListAsync(string tenantId, string deviceId, string? cursor, int? limit, TenantCommands commands, CancellationToken cancellationToken)
    {
        Require(tenantId, deviceId);
        Guid? before = cursor is null ? null : Guid.TryParseExact(cursor, "D", out var id) ? id : throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_cursor", "The cursor is not one of this list.");
        return TypedResults.Json(await commands.ListAsync(tenantId, deviceId, before, Paging.Limit(limit), cancellationToken), BridgeCommandJson.Page);
    }

    private static async Task<IResult> ShowAsync(string tenantId, string deviceId, Guid id, TenantCommands commands, CancellationToken cancellationToken)
    {
        Require(tenantId, deviceId);
        return TypedResults.Json(await commands.FindAsync(tenantId, deviceId, id, cancellationToken), BridgeCommandJson.View);
    }

    public static void Require(string tenantId, string deviceId)
    {
        TenantIds.Require(tenantId);
        if (!DeviceId.IsValid(deviceId))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_device_id", "That is not the id of a device.");
        }
    }
}

/// <summary>A person's command to a tenant's device.</summary>
internal sealed class TenantCommandSending(TenantCommands commands) : IGuarded
{
    public static string Policy => Policies.Operator;

    public Task<TenantCommandView> SendAsync(string tenantId, string deviceId, SendCommandRequest request, string actor, CancellationToken cancellationToken)
    {
        TenantCommandEndpoints.Require(tenantId, deviceId);
        return commands.SendAsync(tenantId, deviceId, CommandOrder.Decode(request), actor, cancellationToken);
    }
}

internal static class TenantCommandServices
{
    public static IServiceCollection AddTenantCommands(this IServiceCollection services) => services
        .AddScoped<TenantCommands>()
        .AddScoped<TenantCommandSending>()
        .AddSingleton<TenantCommandReports>()
        .AddSingleton<TenantCommandDelivery>()
        .AddHostedService(provider => provider.GetRequiredService<TenantCommandDelivery>());
}
