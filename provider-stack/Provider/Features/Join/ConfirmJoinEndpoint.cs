using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>The tenant has its bundle safe: the JOIN key ends, and with it every certificate of an earlier join.</summary>
internal static class ConfirmJoinEndpoint
{
    /// <summary>Anonymous for the router: the handler authenticates by the proof of the Sub-CA key.</summary>
    public static void MapConfirmJoin(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/join-confirm", ConfirmAsync).AllowAnonymous();

    private static async Task<NoContent> ConfirmAsync(
        string tenantId, JoinConfirmation confirmation, HttpContext context, ProviderDb db, TenantLocks locks,
        TenantProofs proofs, SubCaKeys subCaKeys, FederationReconciliation federation, TenantCertificateRevocation revocation, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (_, asked) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantProofs.Refusal();
        await proofs.RequireAsync(confirmation.Proof, tenantId, context.Request, [asked.SubCaPublicKey], cancellationToken);
        await subCaKeys.ThrowIfRevokedAsync(asked.SubCaKeySha256, cancellationToken);

        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var (tenant, join) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantProofs.Refusal();
        if (join.JoinId != asked.JoinId)
        {
            throw TenantProofs.Refusal();
        }

        if (tenant.Status == TenantStatus.Active)
        {
            return TypedResults.NoContent();
        }

        if (tenant.Status != TenantStatus.Joined)
        {
            throw Incomplete();
        }

        // Reopened since it was read: the holder has asked for something else, which the confirmation can't have meant.
        if (!await CommitAsync(db, revocation, tenant, join, time.GetUtcNow(), cancellationToken))
        {
            throw Incomplete();
        }

        await federation.TryReconcileAsync(tenantId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static ProblemException Incomplete() =>
        new(StatusCodes.Status409Conflict, "join_incomplete", "The JOIN is not complete: there is nothing to confirm yet.");

    private static Task<bool> CommitAsync(
        ProviderDb db, TenantCertificateRevocation revocation, TenantRow tenant, JoinRow join, DateTimeOffset now, CancellationToken cancellationToken) => db.RunAuditedAsync(async () =>
    {
        var (tenantId, by) = (join.TenantId, "tenant:" + join.TenantId);
        await db.JoinKeys.Open(tenantId).Where(k => k.JoinId == join.JoinId).ExecuteUpdateAsync(s => s.SetProperty(k => k.SpentAt, now), cancellationToken);
        var confirmed = await db.Tenants
            .Where(t => t.TenantId == tenantId && t.Status == TenantStatus.Joined && t.WorkflowId == join.JoinId && t.WorkflowRevision == tenant.WorkflowRevision)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.Status, TenantStatus.Active), cancellationToken);
        if (confirmed == 0)
        {
            return null;
        }

        await db.Joins.Where(j => j.JoinId == join.JoinId).ExecuteUpdateAsync(s => s.SetProperty(j => j.ConfirmedAt, now), cancellationToken);
        await FederationDecisions.ConfirmAsync(db, join, now, cancellationToken);
        var superseded = RevocationGrounds.Superseded("superseded by a confirmed JOIN");
        await revocation.RevokeOtherJoinsAsync(db, join, superseded, by, cancellationToken);
        // The key holder may have come back with another bridge key before it confirmed.
        await revocation.RevokeOtherKeysAsync(db, tenantId, join.JoinId, Profiles.MqttBridge, join.BridgeKeySha256, superseded, by, cancellationToken);
        return new AuditEntry(by, "join.confirmed", tenantId, JoinRows.Details(join));
    }, cancellationToken);
}
