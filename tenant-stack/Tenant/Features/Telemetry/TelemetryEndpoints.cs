using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Telemetry;

/// <summary>What devices send over HTTPS, and what the tenant's staff reads of it.</summary>
internal static class TelemetryEndpoints
{
    public static void MapTelemetry(this IEndpointRouteBuilder app)
    {
        app.MapPost("/devices/{deviceId}/telemetry", PublishAsync).RequireAuthorization(ClientCertificateDefaults.DevicePolicy);
        app.MapGet("/portal/devices/{deviceId}/telemetry", ListAsync).RequireAuthorization(Policies.Viewer);
        app.MapGet("/portal/devices/{deviceId}/state", StateAsync).RequireAuthorization(Policies.Viewer);
    }

    /// <summary>One message, as it would be over MQTT; answered when it is committed.</summary>
    private static async Task<IResult> PublishAsync(string deviceId, HttpContext http, ClaimsPrincipal caller, JoinedTenant tenant, TelemetryIntake intake, CancellationToken cancellationToken)
    {
        DevicePath.Check(deviceId);
        if (caller.FindFirstValue(ClientCertificateDefaults.CommonNameClaim) != deviceId)
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "wrong_device", "The client certificate belongs to another device than the URL.");
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, cancellationToken);
        try
        {
            return await intake.Open(tenant.TenantId).StoreAsync(
                TelemetryFormat.TopicPrefix + TelemetryFormat.TopicLevel(deviceId), body.GetBuffer().AsSpan(0, (int)body.Length), cancellationToken) is { } refusal
                ? throw new ProblemException(StatusCodes.Status400BadRequest, refusal, "The message can't be stored.")
                : TypedResults.NoContent();
        }
        catch (Exception e) when (e is IOException or TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "dependency_unavailable", "The message could not be stored.", TimeSpan.FromSeconds(5), e);
        }
    }

    /// <summary>Newest first; <paramref name="from"/> included, <paramref name="before"/> not.</summary>
    private static async Task<IResult> ListAsync(
        string deviceId, string? stream, DateTimeOffset? from, DateTimeOffset? before, string? cursor, int? limit, TelemetryReader telemetry, CancellationToken cancellationToken) =>
        TypedResults.Json(await telemetry.ReadAsync(TelemetryQuery.Read(tenantId: null, DevicePath.Check(deviceId), stream, from, before, cursor, limit), cancellationToken), TelemetryJson.Page);

    private static async Task<IResult> StateAsync(string deviceId, DeviceStates states, CancellationToken cancellationToken) =>
        await states.FindAsync(DevicePath.Check(deviceId), cancellationToken) is { } state
            ? TypedResults.Json(state, TelemetryJson.State)
            : throw new ProblemException(StatusCodes.Status404NotFound, "no_state", "This device has published no state.");
}
