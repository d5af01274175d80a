using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>
/// What a bridge certificate stands on: the JOIN that it came from, of the tenant as it is now. A tenant that was removed and prepared anew
/// has other JOINs, so a certificate of the old one is nothing to the new one, whatever became of it.
/// </summary>
internal sealed class BridgeJoins(IDbContextFactory<ProviderDb> contexts)
{
    /// <summary>Null unless the JOIN is one of the tenant's, and the tenant is not being removed.</summary>
    public async Task<(TenantRow Tenant, JoinRow Join)?> FindAsync(string? tenantId, string? lineage, CancellationToken cancellationToken)
    {
        if (tenantId is null || JoinLineage.Parse(lineage) is not { } joinId)
        {
            return null;
        }

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await (
            from row in db.Joins.AsNoTracking()
            where row.JoinId == joinId && row.TenantId == tenantId && row.RejectedAt == null
            join tenant in db.Tenants.AsNoTracking() on row.TenantId equals tenant.TenantId
            where tenant.Status != TenantStatus.Removing
            select new { tenant, row }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : (found.tenant, found.row);
    }

    /// <summary>
    /// The tenant, for renewing. Its JOIN has to be confirmed: until then the JOIN key's holder has what the JOIN gave it, and no more. While a
    /// later JOIN of the tenant is under way the confirmed one still stands. Throws 403 <c>not_this_tenant</c>, <c>tenant_suspended</c>,
    /// 409 <c>tenant_not_active</c>.
    /// </summary>
    public async Task<TenantRow> RequireRenewableAsync(string? tenantId, string? lineage, CancellationToken cancellationToken)
    {
        var (tenant, join) = await FindAsync(tenantId, lineage, cancellationToken) ?? throw BridgeCaller.Refusal();
        if (tenant.SuspendedAt is not null)
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "tenant_suspended", $"Tenant {tenantId} is suspended: its certificates are renewed once it is resumed.");
        }

        return join.ConfirmedAt is not null
            ? tenant
            : throw new ProblemException(StatusCodes.Status409Conflict, "tenant_not_active", "The JOIN of this certificate is not confirmed. Confirm it first.");
    }
}
