using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Provider.Startup;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>What a tenant's bridge does with the certificate the Intermediate CA gave it. Nothing a Sub-CA signed gets in here.</summary>
internal static class BridgeEndpoints
{
    public static void MapBridge(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/admin/platform", WhoAmI).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/renew", RenewAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/audit-head", AnchorAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
    }

    private static Ok<PlatformView> WhoAmI(HttpContext context, ProviderOptions options) => TypedResults.Ok(new PlatformView
    {
        PlatformDomain = options.PlatformDomain,
        TenantId = BridgeCaller.TenantOf(context.User),
        CommonName = context.User.FindFirstValue(ClientCertificateDefaults.CommonNameClaim),
        SpiffeId = context.User.FindFirstValue(ClientCertificateDefaults.SpiffeIdClaim),
        Serial = context.User.FindFirstValue(ClientCertificateDefaults.SerialClaim),
    });

    private static async Task<Ok<RenewedBridge>> RenewAsync(
        string tenantId, RenewBridgeRequest request, HttpContext context, ProviderDb db, TenantLocks locks, Authority authority, ProviderOptions options, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        var csr = TenantRequests.Bridge(request.MqttBridgeCsr, tenantId, options.PlatformDomain);
        var current = await context.Connection.GetClientCertificateAsync(cancellationToken) ?? throw BridgeCaller.Refusal();

        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        if (await db.Tenants.AnyAsync(t => t.TenantId == tenantId && t.Status == TenantStatus.Removing, cancellationToken))
            throw BridgeCaller.Refusal();
        var issued = await authority.RenewAsync(
            new CertificateRenewal { Certificate = current, Csr = csr, RequiredProfile = Profiles.MqttBridge, Requester = "tenant:" + tenantId }, cancellationToken);
        return TypedResults.Ok(new RenewedBridge { MqttBridgeCert = issued.Pem, CaChain = issued.ChainPem });
    }

    /// <summary>Each side notes how far the other's audit log has come.</summary>
    private static async Task<Ok<AuditHead>> AnchorAsync(string tenantId, AuditHead head, HttpContext context, AuditAnchors anchors, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        await anchors.RecordAsync("tenant:" + tenantId, head, cancellationToken);
        return TypedResults.Ok(await anchors.HeadAsync(cancellationToken));
    }
}
