using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class PrepareTenantEndpoint
{
    public static void MapPrepareTenant(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/prepare", PrepareAsync).RequireAuthorization(TenantPreparation.Policy);

    private static async Task<Ok<PreparedTenant>> PrepareAsync(PrepareTenantRequest request, HttpContext context, TenantPreparation preparation, CancellationToken cancellationToken) =>
        TypedResults.Ok(await preparation.PrepareAsync(request, Caller.Of(context.User), cancellationToken));
}

/// <summary>Makes a tenant that may join, and its JOIN key.</summary>
internal sealed class TenantPreparation(ProviderDb db, TenantValidation validation, TenantPlans plans, JoinKeys keys, TimeProvider time) : IGuarded
{
    public static string Policy => Policies.Admin;

    /// <summary>Throws 400 for a request that is not valid, 409 <c>tenant_exists</c>.</summary>
    public async Task<PreparedTenant> PrepareAsync(PrepareTenantRequest request, string admin, CancellationToken cancellationToken)
    {
        var domains = validation.Require(request);
        var now = time.GetUtcNow();
        var tenant = new TenantRow
        {
            TenantId = request.TenantId,
            DisplayName = request.DisplayName.Trim(),
            Status = TenantStatus.Prepared,
            DnsDomains = domains,
            Plan = plans.Require(request.Plan ?? TenantPlans.Standard),
            CreatedAt = now,
            BrokerDueAt = now,
        };
        var (key, answer) = keys.Create(tenant);
        try
        {
            await db.RunAuditedAsync(async () =>
            {
                db.Tenants.Add(tenant);
                await db.SaveChangesAsync(cancellationToken);
                db.JoinKeys.Add(key);
                return new AuditEntry(
                    admin, "tenant.prepared", tenant.TenantId,
                    AuditDetails.Of(("display_name", tenant.DisplayName), ("dns_domains", string.Join(' ', domains)), ("plan", tenant.Plan), ("key_expires_at", key.ExpiresAt.ToString("O"))));
            }, cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw new ProblemException(
                StatusCodes.Status409Conflict, "tenant_exists", $"Tenant {tenant.TenantId} exists. To let it join anew, replace its JOIN key; to start over, remove it.");
        }

        return answer;
    }
}
