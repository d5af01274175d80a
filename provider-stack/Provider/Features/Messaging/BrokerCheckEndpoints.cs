using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Messaging;

/// <summary>What somebody changed by hand at the broker: showing it, and putting it right.</summary>
internal static class BrokerCheckEndpoints
{
    private const int LongestDetail = 2000;

    public static void MapBrokerCheck(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/admin/tenants/{tenantId}/broker", CheckAsync).RequireAuthorization(Policies.Viewer);
        app.MapPost("/portal/admin/tenants/{tenantId}/broker/repair", RepairAsync).RequireAuthorization(Policies.Admin);
    }

    /// <summary>Throws 404, or 409 for a tenant that is being removed: there nothing is expected.</summary>
    public static async Task<TenantRow> RequireAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken)
    {
        var tenant = await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) ?? throw TenantIds.NotFound(tenantId);
        return tenant.Status == TenantStatus.Removing
            ? throw new ProblemException(StatusCodes.Status409Conflict, "tenant_removing", $"Tenant {tenantId} is being removed.")
            : tenant;
    }

    private static async Task<Ok<BrokerCheck>> CheckAsync(string tenantId, ProviderDb db, TenantBroker broker, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        return TypedResults.Ok(await CompareAsync(await RequireAsync(db, tenantId, cancellationToken), broker, cancellationToken));
    }

    /// <summary>Answers what was put right.</summary>
    private static async Task<Ok<BrokerCheck>> RepairAsync(string tenantId, HttpContext context, ProviderDb db, TenantLocks locks, TenantBroker broker, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var found = await CompareAsync(await RequireAsync(db, tenantId, cancellationToken), broker, cancellationToken);
        if (found.Differences.Count == 0)
            return TypedResults.Ok(found);
        try
        {
            await broker.SettleAsync(tenantId, cancellationToken);
        }
        catch (DependencyDownException e)
        {
            throw e.ToProblem();
        }

        var what = string.Join("; ", found.Differences.Select(d => d.What));
        await db.ActAsync(
            () => Task.FromResult<AuditEntry?>(new AuditEntry(
                Caller.Of(context.User), "tenant.broker_repaired", tenantId, AuditedTransaction.Details(("what", what.Length <= LongestDetail ? what : what[..LongestDetail])))),
            cancellationToken);
        return TypedResults.Ok(found);
    }

    private static async Task<BrokerCheck> CompareAsync(TenantRow tenant, TenantBroker broker, CancellationToken cancellationToken)
    {
        try
        {
            var differences = await broker.CompareAsync(tenant, cancellationToken);
            return new BrokerCheck
            {
                TenantId = tenant.TenantId,
                Differences = [.. differences.Select(d => new BrokerDifferenceView { What = d.What, Expected = d.Expected, Actual = d.Actual })],
            };
        }
        catch (DependencyDownException e)
        {
            throw e.ToProblem();
        }
    }
}
