using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class ListTenantsEndpoint
{
    public static void MapListTenants(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants", ListAsync).RequireAuthorization(TenantDirectory.Policy);

    /// <summary>By id; the cursor is the last id of the page before.</summary>
    private static async Task<Ok<Page<TenantSummary>>> ListAsync(string? cursor, int? limit, TenantDirectory directory, CancellationToken cancellationToken) =>
        TypedResults.Ok(await directory.ListAsync(new TenantSearch { Cursor = cursor, Limit = limit }, cancellationToken));
}

/// <summary>Which tenants.</summary>
internal sealed record TenantSearch
{
    public const int LongestText = 200;

    /// <summary>Part of the id or of the display name, without case; null: all.</summary>
    public string? Text { get; init; }

    /// <summary>Null: all.</summary>
    public TenantState? State { get; init; }

    /// <summary>The last id of the page before.</summary>
    public string? Cursor { get; init; }
    public int? Limit { get; init; }
}

/// <summary>A tenant's state as people sort tenants by it: what was decided about it comes before how far it has come.</summary>
public enum TenantState
{
    Prepared,
    Requested,
    Joining,
    Active,
    Suspended,
    Rejected,
    Removing,
}

/// <summary>Lists and counts tenants, in the database.</summary>
internal sealed class TenantDirectory(ProviderDb db) : IGuarded
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static string Policy => Policies.Viewer;

    /// <summary>By id. Throws 400 for a cursor that is no id, or a text that is too long.</summary>
    public async Task<Page<TenantSummary>> ListAsync(TenantSearch search, CancellationToken cancellationToken)
    {
        if (search.Cursor is { } cursor)
        {
            TenantIds.Require(cursor);
        }

        var size = Math.Clamp(search.Limit ?? DefaultLimit, 1, MaxLimit);
        var rows = await Matching(search)
            .Where(t => search.Cursor == null || t.TenantId.CompareTo(search.Cursor) > 0)
            .OrderBy(t => t.TenantId)
            .Select(t => new { Tenant = t, Key = db.JoinKeys.Where(k => k.TenantId == t.TenantId && k.RevokedAt == null && k.SpentAt == null).Select(k => (DateTimeOffset?)k.ExpiresAt).FirstOrDefault() })
            .Take(size + 1).ToListAsync(cancellationToken);
        return new Page<TenantSummary>
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
        };
    }

    public Task<int> CountAsync(TenantSearch search, CancellationToken cancellationToken) => Matching(search).CountAsync(cancellationToken);

    private IQueryable<TenantRow> Matching(TenantSearch search)
    {
        var tenants = db.Tenants.AsNoTracking();
        if (search.Text is { Length: > 0 } text)
        {
            if (text.Length > TenantSearch.LongestText)
            {
                throw new ProblemException(StatusCodes.Status400BadRequest, "bad_filter", "The text to search for is too long.");
            }

            // Contains becomes strpos or an escaped LIKE: the text is no pattern.
            var lower = text.ToLowerInvariant();
            tenants = tenants.Where(t => t.TenantId.Contains(lower) || t.DisplayName.ToLower().Contains(lower));
        }

        return search.State switch
        {
            null => tenants,
            TenantState.Suspended => tenants.Where(t => t.SuspendedAt != null && t.Status != TenantStatus.Removing),
            TenantState.Active => tenants.Where(t => t.Status == TenantStatus.Active && t.SuspendedAt == null),
            TenantState.Prepared => tenants.Where(t => t.Status == TenantStatus.Prepared && t.SuspendedAt == null),
            TenantState.Requested => tenants.Where(t => t.Status == TenantStatus.Requested && t.SuspendedAt == null),
            TenantState.Joining => tenants.Where(t => (t.Status == TenantStatus.Joining || t.Status == TenantStatus.Joined) && t.SuspendedAt == null),
            TenantState.Rejected => tenants.Where(t => t.Status == TenantStatus.Rejected && t.SuspendedAt == null),
            _ => tenants.Where(t => t.Status == TenantStatus.Removing),
        };
    }
}
