using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>The broker on behalf of a waiting caller: a change that fails is answered 503 and reconciled later.</summary>
internal sealed class BrokerReconciliation(ProviderDb db, TenantLocks locks, TenantBroker broker, IEnumerable<IBrokerProof> proofs)
{
    /// <summary>Throws 404, or 409 for a tenant that is being removed: there nothing is expected.</summary>
    public async Task<TenantRow> RequireAsync(string tenantId, CancellationToken cancellationToken)
    {
        var tenant = await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) ?? throw await TenantIds.NotFoundAsync(db, tenantId, cancellationToken);
        return tenant.Status == TenantStatus.Removing
            ? throw new ProblemException(StatusCodes.Status409Conflict, "tenant_removing", $"Tenant {tenantId} is being removed.")
            : tenant;
    }

    public async Task<IReadOnlyList<BrokerDifference>> CompareAsync(string tenantId, CancellationToken cancellationToken)
    {
        var tenant = await RequireAsync(tenantId, cancellationToken);
        return await AskAsync(() => broker.CompareAsync(tenant, cancellationToken));
    }

    /// <summary>Findings that concern no single tenant and that no repair fixes.</summary>
    public Task<IReadOnlyList<BrokerDifference>> ProveAsync(CancellationToken cancellationToken) => AskAsync(async () =>
    {
        var found = new List<BrokerDifference>();
        foreach (var proof in proofs)
        {
            found.AddRange(await proof.FindAsync(cancellationToken));
        }

        return (IReadOnlyList<BrokerDifference>)found;
    });

    public async Task ReconcileNowAsync(string tenantId, CancellationToken cancellationToken)
    {
        await RequireAsync(tenantId, cancellationToken);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        await ReconcileAsync(tenantId, cancellationToken);
    }

    /// <summary>Returns the repaired differences.</summary>
    public async Task<IReadOnlyList<BrokerDifference>> RepairAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var found = await CompareAsync(tenantId, cancellationToken);
        if (found.Count > 0)
        {
            await ReconcileAsync(tenantId, cancellationToken);
        }

        return found;
    }

    private Task ReconcileAsync(string tenantId, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        await broker.ReconcileAsync(tenantId, cancellationToken);
        return true;
    });

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (DependencyDownException e)
        {
            throw e.ToProblem();
        }
    }
}
