using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Broker;

internal static class BrokerCheckEndpoints
{
    public static void MapBrokerCheck(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/admin/tenants/{tenantId}/broker", CheckAsync).RequireAuthorization(BrokerInspection.Policy);
        app.MapPost("/portal/admin/tenants/{tenantId}/broker/repair", RepairAsync).RequireAuthorization(BrokerRepair.Policy);
    }

    private static async Task<Ok<BrokerCheck>> CheckAsync(string tenantId, BrokerInspection inspection, CancellationToken cancellationToken) =>
        TypedResults.Ok(await inspection.CheckAsync(tenantId, cancellationToken));

    private static async Task<Ok<BrokerCheck>> RepairAsync(string tenantId, HttpContext context, BrokerRepair repair, CancellationToken cancellationToken) =>
        TypedResults.Ok(await repair.RepairAsync(tenantId, Caller.Of(context.User), cancellationToken));
}

/// <summary>Shows manual changes at the broker, and where the broker's behaviour is not what the platform relies on.</summary>
internal sealed class BrokerInspection(BrokerReconciliation reconciliation) : IGuarded
{
    public static string Policy => Policies.Viewer;

    public async Task<BrokerCheck> CheckAsync(string tenantId, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        return View(tenantId, await reconciliation.CompareAsync(tenantId, cancellationToken), await reconciliation.ProveAsync(cancellationToken));
    }

    internal static BrokerCheck View(string tenantId, IReadOnlyList<BrokerDifference> differences, IReadOnlyList<BrokerDifference> unproven) =>
        new() { TenantId = tenantId, Differences = [.. differences.Select(View)], Broker = [.. unproven.Select(View)] };

    private static BrokerDifferenceView View(BrokerDifference difference) => new() { What = difference.What, Expected = difference.Expected, Actual = difference.Actual };
}

/// <summary>Repairs manual changes at the broker.</summary>
internal sealed class BrokerRepair(ProviderDb db, BrokerReconciliation reconciliation) : IGuarded
{
    private const int LongestDetail = 2000;

    public static string Policy => Policies.Admin;

    /// <summary>What was repaired.</summary>
    public async Task<BrokerCheck> RepairAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var repaired = await reconciliation.RepairAsync(tenantId, cancellationToken);
        var what = string.Join("; ", repaired.Select(d => d.What));
        await db.RunAuditedAsync(
            () => Task.FromResult(what.Length == 0 ? null : new AuditEntry(
                admin, "tenant.broker_repaired", tenantId, AuditDetails.Of(("what", what.Length <= LongestDetail ? what : what[..LongestDetail])))),
            cancellationToken);
        return BrokerInspection.View(tenantId, repaired, await reconciliation.ProveAsync(cancellationToken));
    }
}
