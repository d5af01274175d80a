using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>Takes back a join that was never confirmed. An active tenant falls back to the join it confirmed before.</summary>
internal sealed class JoinAbandonment(TenantCertificates certificates, TimeProvider time)
{
    /// <summary>Before <see cref="ForgetAsync"/>, under the tenant's lock: a crash in between leaves a join that can be taken back again.</summary>
    public async Task RevokeCertificatesAsync(TenantRow tenant, string by, CancellationToken cancellationToken)
    {
        if (!IsUnconfirmed(tenant) || tenant.WorkflowId is not { } joinId)
            return;
        var requester = CertificateOrders.RequesterOf(joinId);
        await certificates.RevokeAsync(
            tenant.TenantId, certificate => certificate.Requester == requester,
            RevocationReason.CessationOfOperation("JOIN taken back before it was confirmed"), by, cancellationToken);
    }

    public async Task ForgetAsync(ProviderDb db, TenantRow tenant, CancellationToken cancellationToken)
    {
        if (!IsUnconfirmed(tenant))
            return;
        var confirmed = await db.Joins
            .Where(j => j.TenantId == tenant.TenantId && j.ConfirmedAt != null)
            .OrderByDescending(j => j.ConfirmedAt).Select(j => (Guid?)j.JoinId).FirstOrDefaultAsync(cancellationToken);
        var status = confirmed is null ? TenantStatus.Prepared : TenantStatus.Active;
        await db.Tenants.Where(t => t.TenantId == tenant.TenantId).ExecuteUpdateAsync(
            s => s.SetProperty(t => t.Status, status)
                .SetProperty(t => t.WorkflowId, confirmed)
                .SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1)
                // A broker need not know that the bridge certificate is revoked: the way in goes, too.
                .SetProperty(t => t.BrokerDueAt, time.GetUtcNow()),
            cancellationToken);
    }

    private static bool IsUnconfirmed(TenantRow tenant) =>
        tenant.Status is TenantStatus.Requested or TenantStatus.Rejected or TenantStatus.Joining or TenantStatus.Joined;
}
