using System.Security.Claims;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Tenant.Features.Devices;

internal static class DeviceEndpoints
{
    /// <summary>The device registry, for the tenant's staff.</summary>
    public static IEndpointRouteBuilder MapDevices(this IEndpointRouteBuilder app)
    {
        var devices = app.MapGroup("/portal/devices");
        devices.MapGet("/", ListAsync).RequireAuthorization(DeviceRegistry.Policy);
        devices.MapGet("/{deviceId}", ShowAsync).RequireAuthorization(DeviceRegistry.Policy);
        devices.MapPost("/{deviceId}/revoke", RevokeAsync).RequireAuthorization(RevokeDevice.Policy);
        devices.MapPost("/{deviceId}/hold", HoldAsync).RequireAuthorization(HoldDevice.Policy);
        devices.MapPost("/{deviceId}/release", ReleaseAsync).RequireAuthorization(HoldDevice.Policy);
        devices.MapPut("/{deviceId}/tags/{tag}", TagAsync).RequireAuthorization(DeviceTags.Policy);
        devices.MapDelete("/{deviceId}/tags/{tag}", UntagAsync).RequireAuthorization(DeviceTags.Policy);
        return app;
    }

    private static Task<Page<DeviceSummary>> ListAsync(
        string? cursor, int? limit, string? text, string? state, string? type, string? tag, DeviceRegistry registry, CancellationToken cancellationToken) =>
        registry.ListAsync(new DeviceSearch { Text = text, State = state is null ? null : DeviceSearch.StateOf(state) ?? throw new ProblemException(400, "bad_filter", "There is no such state of devices."), Type = type, Tag = tag }, cursor is null ? null : DevicePath.Check(cursor), Paging.Limit(limit), cancellationToken);

    private static Task<DeviceDetail> ShowAsync(string deviceId, DeviceRegistry registry, CancellationToken cancellationToken) =>
        registry.ShowAsync(DevicePath.Check(deviceId), cancellationToken);

    private static async Task<NoContent> RevokeAsync(string deviceId, RevokeRequest? request, ClaimsPrincipal caller, RevokeDevice revoke, CancellationToken cancellationToken)
    {
        await revoke.RunAsync(deviceId, request ?? new RevokeRequest(), Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> HoldAsync(string deviceId, HoldRequest? request, ClaimsPrincipal caller, HoldDevice hold, CancellationToken cancellationToken)
    {
        await hold.HoldAsync(deviceId, request?.Reason, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ReleaseAsync(string deviceId, HoldRequest? request, ClaimsPrincipal caller, HoldDevice hold, CancellationToken cancellationToken)
    {
        await hold.ReleaseAsync(deviceId, request?.Reason, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> TagAsync(string deviceId, string tag, ClaimsPrincipal caller, DeviceRegistry registry, DeviceTags tags, CancellationToken cancellationToken)
    {
        await registry.ShowAsync(DevicePath.Check(deviceId), cancellationToken);
        await tags.AddAsync([deviceId], tag, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> UntagAsync(string deviceId, string tag, ClaimsPrincipal caller, DeviceTags tags, CancellationToken cancellationToken)
    {
        await tags.RemoveAsync([DevicePath.Check(deviceId)], tag, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>The device id of a URL.</summary>
internal static class DevicePath
{
    // A literal segment beside {deviceId} in the portal's routes.
    private const string Reserved = "tokens";

    public static string Check(string deviceId) => DeviceId.IsValid(deviceId) && deviceId != Reserved
        ? deviceId
        : throw new ProblemException(400, "invalid_device_id", $"A device id is one or more DNS labels in lower case, at most {DeviceId.MaxLength} characters, and not '{Reserved}'.");
}

internal static class DeviceServices
{
    public static IServiceCollection AddDevices(this IServiceCollection services) => services
        .AddSingleton<DeviceCertificates>()
        .AddSingleton<IReservedNames, RegisteredDeviceNames>()
        .AddSingleton<DeviceAnswer>()
        .AddSingleton<DeviceRegistry>()
        .AddSingleton<DeviceCertificateRevocation>()
        .AddSingleton<RevokeDevice>()
        .AddSingleton<HoldDevice>()
        .AddSingleton<DeviceTags>();
}
