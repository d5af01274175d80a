using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>The JOIN that a tenant's client at the identity provider stands on.</summary>
internal static class StandingJoin
{
    /// <summary>Throws 404 <c>tenant_not_found</c>, 409 <c>tenant_not_joined</c>.</summary>
    public static async Task<(JoinRow Join, bool Suspended)> RequireAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken)
    {
        var found = await (
            from tenant in db.Tenants.AsNoTracking()
            where tenant.TenantId == tenantId
            join row in db.Joins.AsNoTracking() on tenant.WorkflowId equals row.JoinId into rows
            from row in rows.DefaultIfEmpty()
            select new { tenant.Status, tenant.SuspendedAt, Join = row }).SingleOrDefaultAsync(cancellationToken) ?? throw TenantIds.NotFound(tenantId);
        // While a tenant joins anew the JOIN that it confirmed before is the one that counts.
        var standing = await LastConfirmedJoin.FindAsync(db, tenantId, found.Join?.JoinId, cancellationToken);
        var join = found.Status is TenantStatus.Joining or TenantStatus.Joined or TenantStatus.Active && standing is not null ? standing
            : found.Status is TenantStatus.Joined or TenantStatus.Active && found.Join is not null ? found.Join
            : throw new ProblemException(StatusCodes.Status409Conflict, "tenant_not_joined", $"Tenant {tenantId} has not joined, so there is no federation yet.");
        return (join, found.SuspendedAt is not null);
    }
}
