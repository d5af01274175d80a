using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class ListTenantsEndpoint
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static void MapListTenants(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants", ListAsync).RequireAuthorization(Policies.Viewer);

    /// <summary>By id; the cursor is the last id of the page before.</summary>
    private static async Task<Ok<Page<TenantSummary>>> ListAsync(string? cursor, int? limit, ProviderDb db, CancellationToken cancellationToken)
    {
        if (cursor is not null)
        {
            TenantIds.Require(cursor);
        }

        var size = Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);
        var rows = await db.Tenants.AsNoTracking()
            .Where(t => cursor == null || t.TenantId.CompareTo(cursor) > 0)
            .OrderBy(t => t.TenantId)
            .Select(t => new { Tenant = t, Key = db.JoinKeys.Where(k => k.TenantId == t.TenantId && k.RevokedAt == null && k.SpentAt == null).Select(k => (DateTimeOffset?)k.ExpiresAt).FirstOrDefault() })
            .Take(size + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(new Page<TenantSummary>
        {
            Items = [.. rows.Take(size).Select(row => new TenantSummary
            {
                TenantId = row.Tenant.TenantId,
                DisplayName = row.Tenant.DisplayName,
                Status = row.Tenant.Status,
                CreatedAt = row.Tenant.CreatedAt,
                JoinKeyExpiresAt = row.Key,
                SuspendedAt = row.Tenant.SuspendedAt,
                SuspendedReason = row.Tenant.SuspendedReason,
                BridgeUpSince = row.Tenant.BridgeUpSince,
            })],
            NextCursor = rows.Count > size ? rows[size - 1].Tenant.TenantId : null,
        });
    }
}
