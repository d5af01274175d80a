using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Tenants;

/// <summary>Replacing and revoking a JOIN key. Both also undo a join that was never confirmed: its stack must join again with a valid key.</summary>
internal static class JoinKeyEndpoints
{
    public static void MapJoinKeys(this IEndpointRouteBuilder app)
    {
        app.MapPost("/portal/admin/tenants/{tenantId}/join-key", ReplaceAsync).RequireAuthorization(Policies.Admin);
        app.MapDelete("/portal/admin/tenants/{tenantId}/join-key", RevokeAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Ok<PreparedTenant>> ReplaceAsync(
        string tenantId, HttpContext context, ProviderDb db, TenantLocks locks, JoinAbandonment abandonment, FederationReconciliation federation, JoinKeys keys, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var admin = Caller.Of(context.User);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var tenant = await RequireAsync(db, tenantId, cancellationToken);
        var (key, answer) = keys.Create(tenant);
        await db.RunAuditedAsync(async () =>
        {
            await db.JoinKeys.RevokeOpenAsync(tenantId, time.GetUtcNow(), cancellationToken);
            db.JoinKeys.Add(key);
            await db.SaveChangesAsync(cancellationToken);
            await abandonment.ForgetAsync(db, tenant, admin, cancellationToken);
            return new AuditEntry(admin, "join.key_replaced", tenantId, AuditDetails.Of(("key_expires_at", key.ExpiresAt.ToString("O"))));
        }, cancellationToken);
        await federation.TryReconcileAsync(tenantId, cancellationToken);
        return TypedResults.Ok(answer);
    }

    private static async Task<NoContent> RevokeAsync(
        string tenantId, HttpContext context, ProviderDb db, TenantLocks locks, JoinAbandonment abandonment, FederationReconciliation federation, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var admin = Caller.Of(context.User);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var tenant = await RequireAsync(db, tenantId, cancellationToken);
        if (!await db.JoinKeys.Open(tenantId).AnyAsync(cancellationToken))
        {
            return TypedResults.NoContent();
        }

        await db.RunAuditedAsync(async () =>
        {
            await db.JoinKeys.RevokeOpenAsync(tenantId, time.GetUtcNow(), cancellationToken);
            await abandonment.ForgetAsync(db, tenant, admin, cancellationToken);
            return new AuditEntry(admin, "join.key_revoked", tenantId);
        }, cancellationToken);
        await federation.TryReconcileAsync(tenantId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<TenantRow> RequireAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken)
    {
        var tenant = await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) ?? throw await TenantIds.NotFoundAsync(db, tenantId, cancellationToken);
        return tenant.Status == TenantStatus.Removing
            ? throw new ProblemException(StatusCodes.Status409Conflict, "tenant_removing", $"Tenant {tenantId} is being removed.")
            : tenant;
    }
}

/// <summary>Makes JOIN keys. The key itself is only in the answer.</summary>
internal sealed class JoinKeys(ProviderOptions options, TimeProvider time)
{
    public (JoinKeyRow Row, PreparedTenant Answer) Create(TenantRow tenant)
    {
        var key = JoinKey.Create();
        var now = time.GetUtcNow();
        var row = new JoinKeyRow { KeyHash = JoinKey.TryHash(key)!, TenantId = tenant.TenantId, CreatedAt = now, ExpiresAt = now + JoinKey.Lifetime };
        return (row, new PreparedTenant
        {
            TenantId = tenant.TenantId,
            DisplayName = tenant.DisplayName,
            JoinKey = key,
            ExpiresAt = row.ExpiresAt,
            ProviderUrl = options.PublicUrl.AbsoluteUri.TrimEnd('/'),
            Hint = $"On the tenant's machine set PROVIDER_URL={options.PublicUrl.AbsoluteUri.TrimEnd('/')}, TENANT_ID={tenant.TenantId}, "
                + "JOIN_KEY=<the key, shown only now> and STEP_CA_FINGERPRINT=<this provider's root fingerprint>, then start the tenant stack.",
        });
    }
}

internal static class JoinKeyQueries
{
    /// <summary>Neither revoked nor spent; it may be expired.</summary>
    public static IQueryable<JoinKeyRow> Open(this IQueryable<JoinKeyRow> keys, string tenantId) =>
        keys.Where(k => k.TenantId == tenantId && k.RevokedAt == null && k.SpentAt == null);

    public static Task<int> RevokeOpenAsync(this IQueryable<JoinKeyRow> keys, string tenantId, DateTimeOffset now, CancellationToken cancellationToken) =>
        keys.Open(tenantId).ExecuteUpdateAsync(s => s.SetProperty(k => k.RevokedAt, now), cancellationToken);
}
