using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>The join on which a tenant stands: the one that it confirmed last, also while another one is under way.</summary>
internal static class StandingJoin
{
    /// <param name="current">The tenant's workflow: of two joins confirmed at one moment it is the later one.</param>
    public static Task<JoinRow?> FindAsync(ProviderDb db, string tenantId, Guid? current, CancellationToken cancellationToken) => db.Joins.AsNoTracking()
        .Where(j => j.TenantId == tenantId && j.ConfirmedAt != null)
        .OrderByDescending(j => j.JoinId == current).ThenByDescending(j => j.ConfirmedAt).ThenByDescending(j => j.CreatedAt)
        .FirstOrDefaultAsync(cancellationToken);
}
