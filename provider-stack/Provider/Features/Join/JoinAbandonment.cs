using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Federation;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>Takes back a join that was never confirmed. An active tenant falls back to the join it confirmed before.</summary>
internal sealed class JoinAbandonment(TenantCertificateRevocation revocation, TimeProvider time)
{
    /// <summary>In the caller's transaction, last before its audit entry.</summary>
    public async Task ForgetAsync(ProviderDb db, TenantRow tenant, string by, CancellationToken cancellationToken)
    {
        if (!IsUnconfirmed(tenant))
        {
            return;
        }

        var now = time.GetUtcNow();
        var confirmed = (await LastConfirmedJoin.FindAsync(db, tenant.TenantId, current: null, cancellationToken))?.JoinId;
        var status = confirmed is null ? TenantStatus.Prepared : TenantStatus.Active;
        await db.Tenants.Where(t => t.TenantId == tenant.TenantId).ExecuteUpdateAsync(
            s => s.SetProperty(t => t.Status, status)
                .SetProperty(t => t.WorkflowId, confirmed)
                .SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1)
                // A broker may not know that the bridge certificate is revoked, so the mapping is removed, too.
                .SetProperty(t => t.BrokerDueAt, now),
            cancellationToken);
        if (tenant.WorkflowId is not { } joinId)
        {
            return;
        }

        await FederationDecisions.TakeBackAsync(db, tenant.TenantId, joinId, fallsBack: confirmed is not null, now, cancellationToken);
        await revocation.RevokeJoinAsync(db, tenant.TenantId, joinId, RevocationGrounds.CessationOfOperation("JOIN taken back before it was confirmed"), by, cancellationToken);
    }

    private static bool IsUnconfirmed(TenantRow tenant) =>
        tenant.Status is TenantStatus.Requested or TenantStatus.Rejected or TenantStatus.Joining or TenantStatus.Joined;
}
