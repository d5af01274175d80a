using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

internal static class CurrentJoin
{
    /// <summary>The tenant and the join it stands at; null when there is no such tenant or it never asked to join.</summary>
    public static async Task<(TenantRow Tenant, JoinRow Join)?> FindAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken)
    {
        var found = await (
            from tenant in db.Tenants.AsNoTracking()
            where tenant.TenantId == tenantId
            join row in db.Joins.AsNoTracking() on tenant.WorkflowId equals row.JoinId
            select new { tenant, row }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : (found.tenant, found.row);
    }
}
