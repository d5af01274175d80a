using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>The last transition of a workflow, in one transaction with its audit entry, refused when the input is no longer what the pass began with.</summary>
internal sealed class WorkflowEnds(TimeProvider time)
{
    public async Task<bool> FinishAsync(TenantLock held, WorkflowInput input, CancellationToken cancellationToken)
    {
        await using var db = held.CreateContext();
        return await db.RunAuditedAsync(
            () => input.Tenant.Status == TenantStatus.Joining ? JoinedAsync(db, input, cancellationToken) : RemovedAsync(db, input, cancellationToken), cancellationToken);
    }

    private async Task<AuditEntry?> JoinedAsync(ProviderDb db, WorkflowInput input, CancellationToken cancellationToken)
    {
        var (join, now) = (input.RequiredJoin, time.GetUtcNow());
        var joined = await db.Tenants
            .Where(t => t.TenantId == input.TenantId && t.WorkflowId == input.WorkflowId && t.WorkflowRevision == input.Tenant.WorkflowRevision && t.Status == TenantStatus.Joining)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.Status, TenantStatus.Joined), cancellationToken);
        if (joined == 0)
        {
            return null;
        }

        await db.Joins.Where(j => j.JoinId == join.JoinId).ExecuteUpdateAsync(s => s.SetProperty(j => j.CompletedAt, now), cancellationToken);
        return Entry("tenant.joined", input, join);
    }

    private static async Task<AuditEntry?> RemovedAsync(ProviderDb db, WorkflowInput input, CancellationToken cancellationToken)
    {
        // FOR UPDATE, which LINQ lacks: whether the bridge was up is not written any more between this look and the end of the row.
        var tenant = await db.Tenants
            .FromSql($"SELECT * FROM provider.tenants WHERE tenant_id = {input.TenantId} AND workflow_id = {input.WorkflowId} AND status = 'removing' FOR UPDATE")
            .AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (tenant is null)
        {
            return null;
        }

        await db.Tenants.Where(t => t.TenantId == input.TenantId).ExecuteDeleteAsync(cancellationToken);
        if (tenant.BridgeUpSince is not null)
        {
            // Its connections were closed before and are no longer polled.
            await db.AppendAuditAsync(new AuditEntry("system", BridgeDown.Name, input.TenantId), cancellationToken);
        }

        return Entry("tenant.removed", input, null);
    }

    private static AuditEntry Entry(string action, WorkflowInput input, JoinRow? join) => new(
        "system", action, input.TenantId,
        AuditDetails.Of(
            ("workflow", input.WorkflowId.ToString()),
            ("sub_ca_key_sha256", join is null ? null : Convert.ToHexStringLower(join.SubCaKeySha256))));
}
