using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>The tenant has its bundle safe: the JOIN key ends, and with it every certificate of an earlier join.</summary>
internal static class ConfirmJoinEndpoint
{
    /// <summary>Anonymous at the door: the proof of the Sub-CA key is the credential.</summary>
    public static void MapConfirmJoin(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/join-confirm", ConfirmAsync).AllowAnonymous();

    private static async Task<NoContent> ConfirmAsync(
        string tenantId, JoinConfirmation confirmation, HttpContext context, ProviderDb db, TenantLocks locks,
        TenantProofs proofs, TenantCertificates certificates, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (_, asked) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantProofs.Refusal();
        await proofs.RequireAsync(confirmation.Proof, tenantId, context.Request, [asked.SubCaPublicKey], cancellationToken);

        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var (tenant, join) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantProofs.Refusal();
        if (join.JoinId != asked.JoinId)
            throw TenantProofs.Refusal();
        if (tenant.Status == TenantStatus.Active)
            return TypedResults.NoContent();
        if (tenant.Status != TenantStatus.Joined)
            throw new ProblemException(StatusCodes.Status409Conflict, "join_incomplete", "The JOIN is not complete: there is nothing to confirm yet.");

        var requester = CertificateOrders.RequesterOf(join.JoinId);
        await certificates.RevokeAsync(
            tenantId, certificate => certificate.Requester != requester || IsReplacedBridge(certificate.Profile, certificate.SerialNumber, join),
            RevocationReason.Superseded("superseded by a confirmed JOIN"), "tenant:" + tenantId, cancellationToken);
        await CommitAsync(db, join, time.GetUtcNow(), cancellationToken);
        return TypedResults.NoContent();
    }

    // The key holder may have come back with another bridge key before it confirmed.
    private static bool IsReplacedBridge(string profile, byte[] serial, JoinRow join) =>
        profile == Profiles.MqttBridge.Name && !serial.AsSpan().SequenceEqual(join.BridgeSerial);

    private static Task CommitAsync(ProviderDb db, JoinRow join, DateTimeOffset now, CancellationToken cancellationToken) => db.ActAsync(async () =>
    {
        await db.JoinKeys.Open(join.TenantId).Where(k => k.JoinId == join.JoinId).ExecuteUpdateAsync(s => s.SetProperty(k => k.SpentAt, now), cancellationToken);
        await db.Tenants.Where(t => t.TenantId == join.TenantId && t.Status == TenantStatus.Joined)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.Status, TenantStatus.Active), cancellationToken);
        await db.Joins.Where(j => j.JoinId == join.JoinId).ExecuteUpdateAsync(s => s.SetProperty(j => j.ConfirmedAt, now), cancellationToken);
        return new AuditEntry("tenant:" + join.TenantId, "join.confirmed", join.TenantId, JoinRows.Details(join));
    }, cancellationToken);
}
