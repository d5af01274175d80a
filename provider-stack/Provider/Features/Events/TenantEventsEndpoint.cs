using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Events;

internal static class TenantEventsEndpoint
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static void MapTenantEvents(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/events", ListAsync).RequireAuthorization(Policies.Viewer);

    /// <summary>Newest first, also those of a tenant that was removed; the cursor is the last sequence number of the page before.</summary>
    private static async Task<Ok<Page<TenantEventView>>> ListAsync(
        string tenantId, string? cursor, int? limit, TenantHistory history, ProviderDb db, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var before = long.MaxValue;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_cursor", "The cursor is not one this server gave out.");
        var size = Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);
        var events = await history.ReadAsync(tenantId, before, size + 1, cancellationToken);
        if (events.Count == 0 && !await db.Tenants.AnyAsync(t => t.TenantId == tenantId, cancellationToken))
            throw TenantIds.NotFound(tenantId);
        return TypedResults.Ok(new Page<TenantEventView>
        {
            Items = [.. events.Take(size).Select(View)],
            NextCursor = events.Count > size ? events[size - 1].Sequence.ToString(CultureInfo.InvariantCulture) : null,
        });
    }

    private static TenantEventView View(PlatformEvent happened) => new()
    {
        Id = happened.Id,
        Type = happened.Type,
        OccurredAt = happened.OccurredAt,
        By = happened.By,
        Event = JsonSerializer.SerializeToElement(happened, happened.GetType(), ContractsJson.Default),
    };
}
