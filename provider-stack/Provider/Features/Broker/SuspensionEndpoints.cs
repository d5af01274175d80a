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

internal static class SuspensionEndpoints
{
    public static void MapSuspension(this IEndpointRouteBuilder app)
    {
        app.MapPost("/portal/admin/tenants/{tenantId}/suspend", SuspendAsync).RequireAuthorization(TenantSuspension.Policy);
        app.MapPost("/portal/admin/tenants/{tenantId}/resume", ResumeAsync).RequireAuthorization(TenantSuspension.Policy);
    }

    private static async Task<NoContent> SuspendAsync(string tenantId, SuspendTenantRequest request, HttpContext context, TenantSuspension suspension, CancellationToken cancellationToken)
    {
        await suspension.SuspendAsync(tenantId, request.Reason, Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ResumeAsync(string tenantId, HttpContext context, TenantSuspension suspension, CancellationToken cancellationToken)
    {
        await suspension.ResumeAsync(tenantId, Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>Takes a tenant's way to the broker and its federation client, and gives them back. Decided in the database first: a server that is down gets it later.</summary>
internal sealed class TenantSuspension(ProviderDb db, SubCaKeys keys, TenantLocks locks, FederationReconciliation federation, BrokerReconciliation broker, TimeProvider time) : IGuarded
{
    public const int LongestReason = 500;

    public static string Policy => Policies.Admin;

    /// <summary>Nothing if it is suspended. Throws 400 for a reason that is not valid, 404 <c>tenant_not_found</c>.</summary>
    public async Task SuspendAsync(string tenantId, string? reason, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if (reason is null || !FreeText.IsValid(reason, LongestReason))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_request", $"reason must have 1 to {LongestReason} characters, and {FreeText.Refused}.");
        }

        var now = time.GetUtcNow();
        await db.RunAuditedAsync(async () =>
        {
            var suspended = await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing && t.SuspendedAt == null).ExecuteUpdateAsync(
                s => s.SetProperty(t => t.SuspendedAt, now).SetProperty(t => t.SuspendedReason, reason).SetProperty(t => t.BrokerDueAt, now), cancellationToken);
            await FederationDecisions.SuspensionAsync(db, tenantId, now, cancellationToken);
            return suspended == 0 ? null : new AuditEntry(admin, "tenant.suspended", tenantId, AuditDetails.Of(("reason", reason)));
        }, cancellationToken);
        await ReconcileAsync(tenantId, cancellationToken);
    }

    /// <summary>Nothing if it is not suspended. Throws 404 <c>tenant_not_found</c>, 409 <c>sub_ca_revoked</c>.</summary>
    public async Task ResumeAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var tenant = await broker.RequireAsync(tenantId, cancellationToken);
        if (tenant.Status == TenantStatus.Active && (await keys.ValidAsync(tenantId, cancellationToken)).Count == 0
            && !(tenant.RekeySince is { } since && await keys.AwaitsAnotherAsync(tenantId, since, cancellationToken)))
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
            return resumed == 0 ? null : new AuditEntry(admin, "tenant.resumed", tenantId);
        }, cancellationToken);
        await ReconcileAsync(tenantId, cancellationToken);
    }

    private async Task ReconcileAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using (await locks.AcquireAsync(tenantId, cancellationToken))
        {
            await federation.TryReconcileAsync(tenantId, cancellationToken);
        }

        await broker.ReconcileNowAsync(tenantId, cancellationToken);
    }
}
