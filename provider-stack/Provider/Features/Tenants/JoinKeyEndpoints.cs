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

internal static class JoinKeyEndpoints
{
    public static void MapJoinKeys(this IEndpointRouteBuilder app)
    {
        app.MapPost("/portal/admin/tenants/{tenantId}/join-key", ReplaceAsync).RequireAuthorization(JoinKeyChanges.Policy);
        app.MapDelete("/portal/admin/tenants/{tenantId}/join-key", RevokeAsync).RequireAuthorization(JoinKeyChanges.Policy);
    }

    private static async Task<Ok<PreparedTenant>> ReplaceAsync(string tenantId, HttpContext context, JoinKeyChanges keys, CancellationToken cancellationToken) =>
        TypedResults.Ok(await keys.ReplaceAsync(tenantId, Caller.Of(context.User), cancellationToken));

    private static async Task<NoContent> RevokeAsync(string tenantId, HttpContext context, JoinKeyChanges keys, CancellationToken cancellationToken)
    {
        await keys.RevokeAsync(tenantId, Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>Replaces and revokes JOIN keys. Both also undo a join that was never confirmed: its stack must join again with a valid key.</summary>
internal sealed class JoinKeyChanges(ProviderDb db, TenantLocks locks, JoinAbandonment abandonment, FederationReconciliation federation, JoinKeys keys, TimeProvider time) : IGuarded
{
    public static string Policy => Policies.Admin;

    /// <summary>Throws 404 <c>tenant_not_found</c>, 409 <c>tenant_removing</c>.</summary>
    public async Task<PreparedTenant> ReplaceAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var tenant = await RequireAsync(tenantId, cancellationToken);
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
        return answer;
    }

    /// <summary>Nothing if there is no open key. Throws as <see cref="ReplaceAsync"/>.</summary>
    public async Task RevokeAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var tenant = await RequireAsync(tenantId, cancellationToken);
        if (!await db.JoinKeys.Open(tenantId).AnyAsync(cancellationToken))
        {
            return;
        }

        await db.RunAuditedAsync(async () =>
        {
            await db.JoinKeys.RevokeOpenAsync(tenantId, time.GetUtcNow(), cancellationToken);
            await abandonment.ForgetAsync(db, tenant, admin, cancellationToken);
            return new AuditEntry(admin, "join.key_revoked", tenantId);
        }, cancellationToken);
        await federation.TryReconcileAsync(tenantId, cancellationToken);
    }

    private async Task<TenantRow> RequireAsync(string tenantId, CancellationToken cancellationToken)
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
