using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class JoinKeyQueries
{
    /// <summary>Neither revoked nor spent; it may be expired.</summary>
    public static IQueryable<JoinKeyRow> Open(this IQueryable<JoinKeyRow> keys, string tenantId) =>
        keys.Where(k => k.TenantId == tenantId && k.RevokedAt == null && k.SpentAt == null);

    public static Task<int> RevokeOpenAsync(this IQueryable<JoinKeyRow> keys, string tenantId, DateTimeOffset now, CancellationToken cancellationToken) =>
        keys.Open(tenantId).ExecuteUpdateAsync(s => s.SetProperty(k => k.RevokedAt, now), cancellationToken);
}
