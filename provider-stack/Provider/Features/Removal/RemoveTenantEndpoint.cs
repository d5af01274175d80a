using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Removal;

internal static class RemoveTenantEndpoint
{
    public static void MapTenantRemoval(this IEndpointRouteBuilder app) =>
        app.MapDelete("/portal/admin/tenants/{tenantId}", RemoveAsync).RequireAuthorization(TenantRemoval.Policy);

    private static async Task<NoContent> RemoveAsync(string tenantId, HttpContext context, TenantRemoval removal, CancellationToken cancellationToken)
    {
        await removal.RemoveAsync(tenantId, Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>Ends a tenant and everything that its JOIN created.</summary>
internal sealed class TenantRemoval(ProviderDb db, TenantCertificateRevocation revocation, TimeProvider time, WorkflowClient workflows) : IGuarded
{
    public static string Policy => Policies.Admin;

    /// <summary>Goes on with a removal that has begun. Throws 404 <c>tenant_not_found</c>.</summary>
    public async Task RemoveAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if (!await BeginAsync(tenantId, admin, time.GetUtcNow(), cancellationToken)
            && !await db.Tenants.AnyAsync(t => t.TenantId == tenantId, cancellationToken))
        {
            throw await TenantIds.NotFoundAsync(db, tenantId, cancellationToken);
        }

        await workflows.AdvanceAsync(tenantId, cancellationToken);
    }

    /// <summary>
    /// Ends all access of the tenant in one transaction: its keys, joins and certificates are invalid from then on, and only the cleanup
    /// remains. False if removal has begun before or the tenant is unknown.
    /// </summary>
    private Task<bool> BeginAsync(string tenantId, string admin, DateTimeOffset now, CancellationToken cancellationToken) => db.RunAuditedAsync(async () =>
    {
        var removal = Guid.CreateVersion7(now);
        await db.JoinKeys.RevokeOpenAsync(tenantId, now, cancellationToken);
        var begun = await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing).ExecuteUpdateAsync(
            s => s.SetProperty(t => t.Status, TenantStatus.Removing)
                .SetProperty(t => t.WorkflowId, removal)
                .SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1)
                .SetProperty(t => t.WorkflowWokenAt, (DateTimeOffset?)null),
            cancellationToken);
        if (begun == 0)
        {
            return null;
        }

        await db.BrokerNamespaces.Where(n => n.TenantId == tenantId).ExecuteUpdateAsync(s => s.SetProperty(n => n.Suspended, true), cancellationToken);
        await revocation.RevokeAllAsync(db, tenantId, RemovalReason.Value, admin, cancellationToken);
        return new AuditEntry(admin, "tenant.removing", tenantId, AuditDetails.Of(("workflow", removal.ToString())));
    }, cancellationToken);
}

internal static class RemovalReason
{
    public static RevocationGrounds Value { get; } = RevocationGrounds.CessationOfOperation("tenant removed");
}

internal static class RemovalServices
{
    public static IServiceCollection AddTenantRemoval(this IServiceCollection services) => services
        .AddScoped<TenantRemoval>()
        .AddSingleton<IRemovalStep, RevokeCertificatesStep>()
        .AddSingleton<IRemovalStep, RemoveBrokerStep>()
        .AddSingleton<IRemovalStep, RemoveFederationStep>();
}
