using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>
/// A bridge certificate that expired while the tenant was away cannot renew itself. The Sub-CA's key, which outlives it, vouches for the
/// bridge's key instead. It gives nothing back that was taken: a revoked bridge stays out, and another key needs a JOIN.
/// </summary>
internal static class BridgeReissueEndpoint
{
    /// <summary>Anonymous for the router: the handler authenticates by the proof of a valid Sub-CA's key.</summary>
    public static void MapBridgeReissue(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/reissue", ReissueAsync).AllowAnonymous();

    private static async Task<Ok<RenewedBridge>> ReissueAsync(
        string tenantId, ReissueBridgeRequest request, HttpContext context, SubCaKeys keys, TenantProofs proofs, TenantLocks locks, BridgeJoins standing,
        Authority authority, CertificateOrders orders, ProviderOptions options, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (claims, _) = await proofs.RequireAsync(request.Proof, tenantId, context.Request, await keys.ValidAsync(tenantId, cancellationToken), cancellationToken);
        var csr = TenantRequests.Bridge(request.MqttBridgeCsr, tenantId, options.PlatformDomain);
        if (!SubCaRotation.Names(claims.Extra.GetValueOrDefault(SubCaRotationEndpoints.NewKeyClaim), csr))
        {
            throw TenantProofs.Refusal();
        }

        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        if (await FindLastAsync(authority, tenantId, cancellationToken) is not { } last)
        {
            throw NotRenewable();
        }

        var tenant = await standing.RequireRenewableAsync(tenantId, last.Lineage, cancellationToken);
        if (last.IsRevoked || !SubCaKeys.PublicKeyOf(last.Der).AsSpan().SequenceEqual(csr.SubjectPublicKeyInfo.Span))
        {
            throw NotRenewable();
        }

        // An answer that was lost is asked for again: the order's quota answers with the certificate that is there while it is fresh.
        var issued = await authority.IssueAsync(orders.ReissuedBridge(tenant, last.Lineage, csr), cancellationToken);
        return TypedResults.Ok(new RenewedBridge { MqttBridgeCert = issued.Pem, CaChain = authority.Chain.Pem });
    }

    private static async Task<CertificateRecord?> FindLastAsync(Authority authority, string tenantId, CancellationToken cancellationToken) =>
        (await authority.ListAsync(new CertificateQuery { Tenant = tenantId, Profile = Profiles.MqttBridge.Name, Limit = 1 }, cancellationToken)).Items.FirstOrDefault();

    private static ProblemException NotRenewable() => new(
        StatusCodes.Status409Conflict, "bridge_not_renewable", "The tenant's last bridge certificate was revoked, or is for another key. A new JOIN key brings another one.");
}
