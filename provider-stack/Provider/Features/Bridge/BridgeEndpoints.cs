using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.RevocationList;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.RabbitMq;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>What a tenant's bridge does with the certificate the Intermediate CA gave it. Nothing a Sub-CA signed gets in here.</summary>
internal static class BridgeEndpoints
{
    public static void MapBridge(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/admin/platform", WhoAmIAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/renew", RenewAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/audit-head", AnchorAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
    }

    private static async Task<Ok<PlatformView>> WhoAmIAsync(
        HttpContext context, ProviderOptions options, Authority authority, RevokedSubCaList revokedSubCas, CancellationToken cancellationToken) => TypedResults.Ok(new PlatformView
        {
            PlatformDomain = options.PlatformDomain,
            TenantId = BridgeCaller.TenantOf(context.User),
            CommonName = context.User.FindFirstValue(ClientCertificateDefaults.CommonNameClaim),
            SpiffeId = context.User.FindFirstValue(ClientCertificateDefaults.SpiffeIdClaim),
            Serial = context.User.FindFirstValue(ClientCertificateDefaults.SerialClaim),
            IntermediateKeyId = Convert.ToHexStringLower(authority.Issuers.Active.Issuer.SubjectKeyIdentifier.Span),
            RevokedSubCas = (await revokedSubCas.GetAsync(cancellationToken)).Number,
            Bridge = JoinBundles.LoginOf(BridgeCaller.TenantOf(context.User), options),
        });

    private static async Task<Ok<RenewedBridge>> RenewAsync(
        string tenantId, RenewBridgeRequest request, HttpContext context, BridgeRenewals renewals, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        var csr = TenantRequests.Parse(request.MqttBridgeCsr, TenantRequests.BridgeField);
        var issued = await renewals.RenewAsync(new OwnedRenewal { Current = ClientCertificates.Known(context), Csr = csr }, cancellationToken);
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

internal static class BridgeCaller
{
    /// <summary>From the CA's store, not from a name in the certificate.</summary>
    public static string TenantOf(ClaimsPrincipal user) => user.FindFirstValue(ClientCertificateDefaults.TenantClaim) ?? throw Refusal();

    public static void RequireTenant(ClaimsPrincipal user, string tenantId)
    {
        if (!string.Equals(TenantOf(user), tenantId, StringComparison.Ordinal))
        {
            throw Refusal();
        }
    }

    public static ProblemException Refusal() => new(StatusCodes.Status403Forbidden, "not_this_tenant", "This certificate does not speak for that tenant.");
}
