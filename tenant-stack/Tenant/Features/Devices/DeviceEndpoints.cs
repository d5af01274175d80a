using System.Security.Claims;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Tenant.Features.Devices;

internal static class DeviceEndpoints
{
    /// <summary>The device registry, for the tenant's staff.</summary>
    public static IEndpointRouteBuilder MapDevices(this IEndpointRouteBuilder app)
    {
        var devices = app.MapGroup("/portal/devices");
        devices.MapGet("/", ListAsync).RequireAuthorization(Policies.Viewer);
        devices.MapGet("/{deviceId}", ShowAsync).RequireAuthorization(Policies.Viewer);
        devices.MapPost("/{deviceId}/revoke", RevokeAsync).RequireAuthorization(Policies.Operator);
        return app;
    }

    private static Task<Page<DeviceSummary>> ListAsync(string? cursor, int? limit, DeviceRegistry registry, CancellationToken cancellationToken) =>
        registry.ListAsync(cursor is null ? null : DevicePath.Check(cursor), Paging.Limit(limit), cancellationToken);

    private static Task<DeviceDetail> ShowAsync(string deviceId, DeviceRegistry registry, CancellationToken cancellationToken) =>
        registry.ShowAsync(DevicePath.Check(deviceId), cancellationToken);

    private static async Task<NoContent> RevokeAsync(string deviceId, RevokeRequest? request, ClaimsPrincipal caller, RevokeDevice revoke, CancellationToken cancellationToken)
    {
        await revoke.RunAsync(deviceId, request ?? new RevokeRequest(), Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }
}
