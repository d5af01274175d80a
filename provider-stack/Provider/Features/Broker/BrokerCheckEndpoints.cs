using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>Shows and repairs manual changes at the broker, and shows where the broker's behaviour is not what the platform relies on.</summary>
internal static class BrokerCheckEndpoints
{
    private const int LongestDetail = 2000;

    public static void MapBrokerCheck(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/admin/tenants/{tenantId}/broker", CheckAsync).RequireAuthorization(Policies.Viewer);
        app.MapPost("/portal/admin/tenants/{tenantId}/broker/repair", RepairAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Ok<BrokerCheck>> CheckAsync(string tenantId, BrokerReconciliation reconciliation, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        return View(tenantId, await reconciliation.CompareAsync(tenantId, cancellationToken), await reconciliation.ProveAsync(cancellationToken));
    }

    private static async Task<Ok<BrokerCheck>> RepairAsync(string tenantId, HttpContext context, ProviderDb db, BrokerReconciliation reconciliation, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var repaired = await reconciliation.RepairAsync(tenantId, cancellationToken);
        var what = string.Join("; ", repaired.Select(d => d.What));
        await db.RunAuditedAsync(
            () => Task.FromResult(what.Length == 0 ? null : new AuditEntry(
                Caller.Of(context.User), "tenant.broker_repaired", tenantId, AuditDetails.Of(("what", what.Length <= LongestDetail ? what : what[..LongestDetail])))),
            cancellationToken);
        return View(tenantId, repaired, await reconciliation.ProveAsync(cancellationToken));
    }

    private static Ok<BrokerCheck> View(string tenantId, IReadOnlyList<BrokerDifference> differences, IReadOnlyList<BrokerDifference> unproven) =>
        TypedResults.Ok(new BrokerCheck { TenantId = tenantId, Differences = [.. differences.Select(View)], Broker = [.. unproven.Select(View)] });

    private static BrokerDifferenceView View(BrokerDifference difference) => new() { What = difference.What, Expected = difference.Expected, Actual = difference.Actual };
}
