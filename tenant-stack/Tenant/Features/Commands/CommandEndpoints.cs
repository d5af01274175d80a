using System.Security.Claims;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Devices;

namespace IoTPlatform.Tenant.Features.Commands;

internal static class CommandEndpoints
{
    /// <summary>Commands to devices, for the tenant's staff.</summary>
    public static void MapCommands(this IEndpointRouteBuilder app)
    {
        var commands = app.MapGroup("/portal/devices/{deviceId}/commands");
        commands.MapPost("/", SendAsync).RequireAuthorization(CommandSending.Policy);
        commands.MapGet("/", ListAsync).RequireAuthorization(Policies.Viewer);
        commands.MapGet("/{id:long}", ShowAsync).RequireAuthorization(Policies.Viewer);
        commands.MapDelete("/{id:long}", CancelAsync).RequireAuthorization(CommandSending.Policy);
    }

    private static async Task<IResult> SendAsync(string deviceId, SendCommandRequest request, ClaimsPrincipal caller, CommandSending commands, CancellationToken cancellationToken) =>
        TypedResults.Json(await commands.SendAsync(deviceId, request, Caller.Name(caller), cancellationToken), CommandJson.Command, statusCode: StatusCodes.Status201Created);

    /// <summary>Newest first.</summary>
    private static async Task<IResult> ListAsync(string deviceId, string? cursor, int? limit, DeviceCommands commands, CancellationToken cancellationToken)
    {
        long? before = cursor is null ? null : long.TryParse(cursor, out var id) ? id : throw new ProblemException(400, "invalid_cursor", "The cursor is not one of this list.");
        return TypedResults.Json(await commands.ListAsync(DevicePath.Check(deviceId), before, Paging.Limit(limit), cancellationToken), CommandJson.Page);
    }

    private static async Task<IResult> ShowAsync(string deviceId, long id, DeviceCommands commands, CancellationToken cancellationToken) =>
        TypedResults.Json(await commands.FindAsync(DevicePath.Check(deviceId), id, cancellationToken), CommandJson.Command);

    private static async Task<IResult> CancelAsync(string deviceId, long id, ClaimsPrincipal caller, CommandSending commands, CancellationToken cancellationToken)
    {
        await commands.CancelAsync(deviceId, id, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>Sends commands of an operator, and takes them back.</summary>
internal sealed class CommandSending(DeviceCommands commands) : IGuarded
{
    public static string Policy => Policies.Operator;

    public Task<DeviceCommandView> SendAsync(string deviceId, SendCommandRequest request, string actor, CancellationToken cancellationToken) =>
        commands.SendAsync(DevicePath.Check(deviceId), CommandOrder.Decode(request), actor, providerId: null, cancellationToken);

    public Task CancelAsync(string deviceId, long id, string actor, CancellationToken cancellationToken) => commands.CancelAsync(DevicePath.Check(deviceId), id, actor, cancellationToken);
}
