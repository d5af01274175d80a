using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Events;

internal static class TenantEventsEndpoint
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static void MapTenantEvents(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/events", ListAsync).RequireAuthorization(Policies.Viewer);

    /// <summary>Newest first, also those of a tenant that was removed; the cursor is the last sequence number of the page before.</summary>
    private static async Task<Ok<Page<TenantEventView>>> ListAsync(
        string tenantId, string? cursor, int? limit, NpgsqlDataSource database, ProviderDb db, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var before = long.MaxValue;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_cursor", "The cursor is not one this server gave out.");
        var size = Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);
        var rows = await ReadAsync(database, tenantId, before, size + 1, cancellationToken);
        if (rows.Count == 0 && !await db.Tenants.AnyAsync(t => t.TenantId == tenantId, cancellationToken))
            throw TenantIds.NotFound(tenantId);
        return TypedResults.Ok(new Page<TenantEventView>
        {
            Items = [.. rows.Take(size).Select(row => row.Event)],
            NextCursor = rows.Count > size ? rows[size - 1].Sequence.ToString(CultureInfo.InvariantCulture) : null,
        });
    }

    private static async Task<List<(long Sequence, TenantEventView Event)>> ReadAsync(NpgsqlDataSource database, string tenantId, long before, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT sequence, event_id, type, occurred_at, caused_by, event FROM provider.tenant_events WHERE tenant_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3");
        command.Parameters.AddWithValue(tenantId);
        command.Parameters.AddWithValue(before);
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(long, TenantEventView)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            using var json = JsonDocument.Parse(reader.GetString(5));
            rows.Add((reader.GetInt64(0), new TenantEventView
            {
                Id = reader.GetGuid(1),
                Type = reader.GetString(2),
                OccurredAt = reader.GetFieldValue<DateTimeOffset>(3),
                By = reader.GetString(4),
                Event = json.RootElement.Clone(),
            }));
        }

        return rows;
    }
}
