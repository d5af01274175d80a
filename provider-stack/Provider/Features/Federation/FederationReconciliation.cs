using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>Makes the identity provider what was decided for a tenant. Callers hold the tenant's lock.</summary>
internal sealed partial class FederationReconciliation(
    IDbContextFactory<ProviderDb> contexts, FederationSecrets secrets, IFederationProvisioner federation, ILogger<FederationReconciliation> log)
{
    /// <summary>At once where that is possible; otherwise it stays due.</summary>
    public async Task TryReconcileAsync(string tenantId, CancellationToken cancellationToken)
    {
        try
        {
            await ReconcileAsync(tenantId, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(e, tenantId);
        }
    }

    /// <summary>Nothing unless something is due.</summary>
    public async Task ReconcileAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) is not { FederationDueAt: { } due, Status: not TenantStatus.Removing } tenant)
        {
            return;
        }

        if (await LastConfirmedJoin.FindAsync(db, tenantId, tenant.WorkflowId, cancellationToken) is not { } join)
        {
            await ForgetAsync(tenantId, cancellationToken);
        }
        else
        {
            await federation.EnsureClientAsync(FederationClient.Of(tenantId, await secrets.EnsureAsync(tenantId, cancellationToken), join), tenant.SuspendedAt is not null, cancellationToken);
        }
        // Only what was seen: a later decision is due on its own.
        await db.Tenants.Where(t => t.TenantId == tenantId && t.FederationDueAt == due).ExecuteUpdateAsync(s => s.SetProperty(t => t.FederationDueAt, (DateTimeOffset?)null), cancellationToken);
        Reconciled(tenantId);
    }

    /// <summary>The client first: while it exists, its secret must stay known.</summary>
    private async Task ForgetAsync(string tenantId, CancellationToken cancellationToken)
    {
        await federation.RemoveClientAsync(tenantId, cancellationToken);
        await secrets.ForgetAsync(tenantId, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The identity provider now has what was decided for tenant {Tenant}")]
    private partial void Reconciled(string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The identity provider does not have what was decided for tenant {Tenant} yet")]
    private partial void Failed(Exception exception, string tenant);
}
