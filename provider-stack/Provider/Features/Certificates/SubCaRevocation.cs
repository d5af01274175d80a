using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>
/// Revokes a Sub-CA. The holder of its key could still act for the tenant, so the tenant is suspended in the same transaction. The broker
/// and the identity provider are updated at once, or when they are reachable again.
/// </summary>
internal sealed partial class SubCaRevocation(
    Authority authority, SubCaKeys keys, IDbContextFactory<ProviderDb> contexts, TenantLocks locks, TenantBroker broker,
    FederationReconciliation federation, TimeProvider time, ILogger<SubCaRevocation> log) : IProfileRevocation
{
    public string Profile => Profiles.TenantSubCa.Name;

    public async Task<RevocationOutcome> RevokeAsync(OwnedRevocation revocation, CancellationToken cancellationToken)
    {
        var tenantId = revocation.Record.Tenant ?? throw new InvalidOperationException("A Sub-CA without a tenant.");
        if (!string.Equals(revocation.Confirmation, tenantId, StringComparison.Ordinal))
        {
            throw new ProblemException(
                StatusCodes.Status409Conflict, "confirmation_required",
                $"This is a Sub-CA of tenant {tenantId}: revoking it suspends the tenant, and no device certificate that it signed is good any more. Confirm with the tenant's id (tenant_id; iot ca revoke asks for it).");
        }

        var outcome = await RevokeAndSuspendAsync(tenantId, revocation, cancellationToken);
        if (outcome == RevocationOutcome.Revoked)
        {
            await ReconcileAsync(tenantId, cancellationToken);
        }

        return outcome;
    }

    private async Task<RevocationOutcome> RevokeAndSuspendAsync(string tenantId, OwnedRevocation revocation, CancellationToken cancellationToken)
    {
        var (order, now) = (revocation.Revocation, time.GetUtcNow());
        var reason = $"Sub-CA {SerialNumber.ToHex(order.Serial)} revoked" + (order.Reason is { Length: > 0 } given ? $": {given}" : "");
        // It has joined again with this key: the key is revoked, whichever of its certificates was named.
        var sameKey = await keys.OthersOfTheKeyAsync(revocation.Record, cancellationToken);
        var outcome = RevocationOutcome.Unknown;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing).ExecuteUpdateAsync(
                s => s.SetProperty(t => t.SuspendedAt, t => t.SuspendedAt ?? now).SetProperty(t => t.SuspendedReason, reason).SetProperty(t => t.BrokerDueAt, now), cancellationToken);
            await FederationDecisions.SuspensionAsync(db, tenantId, now, cancellationToken);
            outcome = await authority.RevokeAsync(order, db.Connection(), cancellationToken);
            if (outcome == RevocationOutcome.Revoked)
            {
                foreach (var serial in sameKey)
                {
                    await authority.RevokeAsync(order with { Serial = serial, BurnToken = null }, db.Connection(), cancellationToken);
                }
            }

            return outcome == RevocationOutcome.Revoked
                ? new AuditEntry(order.By, "tenant.suspended", tenantId, AuditDetails.Of(("reason", reason), ("serial", SerialNumber.ToHex(order.Serial))))
                : null;
        }, cancellationToken);
        return outcome;
    }

    // The decision is committed: a change that fails now stays due and is reconciled later.
    private async Task ReconcileAsync(string tenantId, CancellationToken cancellationToken)
    {
        try
        {
            await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
            await federation.TryReconcileAsync(tenantId, cancellationToken);
            await broker.ReconcileAsync(tenantId, cancellationToken);
        }
        catch (Exception e) when (e is DependencyDownException or ProblemException { Status: StatusCodes.Status503ServiceUnavailable })
        {
            BrokerLater(tenantId, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tenant {Tenant} is suspended, the broker will hear of it later: {Reason}")]
    private partial void BrokerLater(string tenant, string reason);
}
