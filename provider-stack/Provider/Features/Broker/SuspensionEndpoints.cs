using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>Taking a tenant's way to the broker and its federation client, and giving them back. Decided in the database first: a server that is down gets it later.</summary>
internal static class SuspensionEndpoints
{
    private const int LongestReason = 500;

    public static void MapSuspension(this IEndpointRouteBuilder app)
    {
        app.MapPost("/portal/admin/tenants/{tenantId}/suspend", SuspendAsync).RequireAuthorization(Policies.Admin);
        app.MapPost("/portal/admin/tenants/{tenantId}/resume", ResumeAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<NoContent> SuspendAsync(
        string tenantId, SuspendTenantRequest request, HttpContext context, ProviderDb db, TenantLocks locks, FederationReconciliation federation,
        BrokerReconciliation broker, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if (request.Reason is not { } reason || !FreeText.IsValid(reason, LongestReason))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_request", $"reason must have 1 to {LongestReason} characters, and {FreeText.Refused}.");
        }

        var now = time.GetUtcNow();
        await db.RunAuditedAsync(async () =>
        {
            var suspended = await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing && t.SuspendedAt == null).ExecuteUpdateAsync(
                s => s.SetProperty(t => t.SuspendedAt, now).SetProperty(t => t.SuspendedReason, reason).SetProperty(t => t.BrokerDueAt, now), cancellationToken);
            await FederationDecisions.SuspensionAsync(db, tenantId, now, cancellationToken);
            return suspended == 0 ? null : new AuditEntry(Caller.Of(context.User), "tenant.suspended", tenantId, AuditDetails.Of(("reason", reason)));
        }, cancellationToken);
        await ReconcileAsync(tenantId, locks, federation, broker, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ResumeAsync(
        string tenantId, HttpContext context, ProviderDb db, SubCaKeys keys, TenantLocks locks, FederationReconciliation federation, BrokerReconciliation broker, TimeProvider time,
        CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if ((await broker.RequireAsync(tenantId, cancellationToken)).Status == TenantStatus.Active && (await keys.ValidAsync(tenantId, cancellationToken)).Count == 0)
        {
            throw new ProblemException(
                StatusCodes.Status409Conflict, "sub_ca_revoked", $"Tenant {tenantId} has no valid Sub-CA left, so there is nothing to resume. Remove it, prepare it again and let it join with an empty data folder.");
        }

        var now = time.GetUtcNow();
        await db.RunAuditedAsync(async () =>
        {
            var resumed = await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing && t.SuspendedAt != null).ExecuteUpdateAsync(
                s => s.SetProperty(t => t.SuspendedAt, (DateTimeOffset?)null).SetProperty(t => t.SuspendedReason, (string?)null).SetProperty(t => t.BrokerDueAt, now), cancellationToken);
            await FederationDecisions.SuspensionAsync(db, tenantId, now, cancellationToken);
            return resumed == 0 ? null : new AuditEntry(Caller.Of(context.User), "tenant.resumed", tenantId);
        }, cancellationToken);
        await ReconcileAsync(tenantId, locks, federation, broker, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task ReconcileAsync(string tenantId, TenantLocks locks, FederationReconciliation federation, BrokerReconciliation broker, CancellationToken cancellationToken)
    {
        await using (await locks.AcquireAsync(tenantId, cancellationToken))
        {
            await federation.TryReconcileAsync(tenantId, cancellationToken);
        }

        await broker.ReconcileNowAsync(tenantId, cancellationToken);
    }
}
