using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

internal sealed class FederationReconciler(
    IDbContextFactory<ProviderDb> contexts, TenantLocks locks, FederationReconciliation reconciliation, ProviderOptions options, TimeProvider time, ILogger<FederationReconciler> log)
    : DueReconciler(contexts, locks, options, time, "the identity provider", log)
{
    protected override IQueryable<string> Due(IQueryable<TenantRow> tenants) => tenants.Where(t => t.FederationDueAt != null).OrderBy(t => t.FederationDueAt).Select(t => t.TenantId);

    protected override Task ReconcileAsync(string tenantId, CancellationToken cancellationToken) => reconciliation.TryReconcileAsync(tenantId, cancellationToken);
}
