using IoTPlatform.Database;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>The one row that names the database's tenant and whether JOIN was confirmed to the provider.</summary>
internal sealed class IdentityStore(IDbContextFactory<TenantDbContext> databases)
{
    public async Task<TenantIdentity?> FindAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Identity.AsNoTracking().SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Does nothing if it is already claimed: the next check reports the owner.</summary>
    public async Task ClaimAsync(string tenantId, string rootFingerprint, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // SQL: a second claim is no error, and LINQ has no ON CONFLICT.
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO tenant.identity (tenant_id, root_fingerprint) VALUES ({tenantId}, {rootFingerprint}) ON CONFLICT DO NOTHING", cancellationToken);
    }

    /// <summary>Joined anew: the provider does not know yet that the new bundle arrived.</summary>
    public async Task ReopenAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Identity.ExecuteUpdateAsync(i => i.SetProperty(x => x.ConfirmedAt, (DateTimeOffset?)null), cancellationToken);
    }

    public async Task ConfirmAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var updated = await db.Identity.Where(i => i.ConfirmedAt == null).ExecuteUpdateAsync(i => i.SetProperty(x => x.ConfirmedAt, at), cancellationToken);
        if (updated == 1)
        {
            await db.AppendAuditAsync(new AuditEntry("system", "join.confirmed", "tenant"), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}

/// <summary>Who this tenant is, as the provider certified it.</summary>
internal sealed record JoinedTenant(string TenantId, string PlatformDomain)
{
    /// <summary>The SPIFFE trust domain, by which devices and operators know this tenant's server.</summary>
    public string TrustDomain => SpiffeId.TrustDomain(TenantId, PlatformDomain);
}
