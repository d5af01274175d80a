using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Telemetry;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>Stored telemetry for the platform's staff.</summary>
internal static class TelemetryEndpoints
{
    public static void MapTelemetry(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/telemetry", ListAsync).RequireAuthorization(TelemetryReader.Policy);

    /// <summary>Newest first; <paramref name="from"/> included, <paramref name="before"/> not.</summary>
    private static async Task<IResult> ListAsync(
        string tenantId, string? device, string? stream, DateTimeOffset? from, DateTimeOffset? before, string? cursor, int? limit, ProviderDb db, TelemetryReader telemetry,
        CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if (device is not null && !DeviceId.IsValid(device))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_request", "device is not the id of a device.");
        }

        var query = TelemetryQuery.Read(tenantId, device, stream, from, before, cursor, limit);
        if (!await db.Tenants.AnyAsync(t => t.TenantId == tenantId, cancellationToken))
        {
            throw TenantIds.NotFound(tenantId);
        }

        var page = await telemetry.ReadAsync(query, cancellationToken);
        return TypedResults.Json(page, TelemetryJson.Page);
    }
}
