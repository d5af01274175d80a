using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Messaging;

/// <summary>Giving a tenant more, or less, of the broker.</summary>
internal static class PlanEndpoint
{
    public static void MapPlan(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/plan", ChangeAsync).RequireAuthorization(Policies.Admin);

    private static async Task<NoContent> ChangeAsync(
        string tenantId, ChangePlanRequest request, HttpContext context, ProviderDb db, TenantPlans plans, BrokerSettlement settlement, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var plan = plans.Require(request.Plan ?? "");
        var now = time.GetUtcNow();
        await db.ActAsync(async () =>
        {
            var changed = await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing && t.Plan != plan).ExecuteUpdateAsync(
                s => s.SetProperty(t => t.Plan, plan).SetProperty(t => t.BrokerDueAt, now), cancellationToken);
            return changed == 0 ? null : new AuditEntry(Caller.Of(context.User), "tenant.plan_changed", tenantId, AuditedTransaction.Details(("plan", plan)));
        }, cancellationToken);
        await settlement.SettleNowAsync(tenantId, cancellationToken);
        return TypedResults.NoContent();
    }
}
