using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Rotation;

/// <summary>
/// A new Sub-CA on the proof of the old one's key. Both are valid until the old one expires or the tenant, once no certificate of
/// it is left in use, retires it.
/// </summary>
internal static class SubCaRotationEndpoints
{
    public const string NewKeyClaim = "spki";

    /// <summary>Anonymous for the router: the handler authenticates by the proof of a valid Sub-CA's key.</summary>
    public static void MapSubCaRotation(this IEndpointRouteBuilder app)
    {
        app.MapPost("/portal/admin/tenants/{tenantId}/sub-ca/rotate", RotateAsync).AllowAnonymous();
        app.MapPost("/portal/admin/tenants/{tenantId}/sub-ca/retire", RetireAsync).AllowAnonymous();
        app.MapPost("/portal/admin/tenants/{tenantId}/sub-ca/reissue", ReissueAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
    }

    private static async Task<Ok<RotatedSubCa>> RotateAsync(
        string tenantId, RotateSubCaRequest request, HttpContext context, SubCaKeys keys, TenantProofs proofs, TenantLocks locks,
        SubCaRotation rotation, TenantAdmission admission, ProviderDb db, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (claims, voucher) = await RequireProofAsync(request.Proof, tenantId, context.Request, keys, proofs, cancellationToken);
        var csr = TenantRequests.SubCa(request.SubCaCsr, tenantId);
        if (!SubCaRotation.Names(claims.Extra.GetValueOrDefault(NewKeyClaim), csr))
        {
            throw TenantProofs.Refusal();
        }

        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        await admission.RequireOpenAsync(tenantId, cancellationToken);
        await RequireStillValidAsync(tenantId, voucher, keys, cancellationToken);
        var tenant = await RequireActiveAsync(db, tenantId, cancellationToken);
        var issued = await rotation.IssueAsync(tenant, csr, cancellationToken);
        return TypedResults.Ok(new RotatedSubCa { TenantId = tenantId, SignedCert = issued.Pem, CaChain = issued.ChainPem });
    }

    /// <summary>The bridge's key is not the Sub-CA's: it still says who this is when that one is in other hands.</summary>
    private static async Task<Ok<RotatedSubCa>> ReissueAsync(
        string tenantId, ReissueSubCaRequest request, HttpContext context, Authority authority, SubCaKeys keys, TenantLocks locks, SubCaRotation rotation, TenantAdmission admission, ProviderDb db,
        CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        var csr = TenantRequests.SubCa(request.SubCaCsr, tenantId);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        await admission.RequireOpenAsync(tenantId, cancellationToken);
        await keys.ThrowIfRevokedAsync(csr, cancellationToken);
        var tenant = await RequireActiveAsync(db, tenantId, cancellationToken);
        return TypedResults.Ok(new RotatedSubCa { TenantId = tenantId, SignedCert = await rotation.ReissueAsync(tenant, csr, cancellationToken), CaChain = authority.Chain.Pem });
    }

    /// <summary>Revokes every other Sub-CA of the tenant than the one whose key made the proof.</summary>
    private static async Task<NoContent> RetireAsync(
        string tenantId, JoinConfirmation confirmation, HttpContext context, SubCaKeys keys, TenantProofs proofs, TenantLocks locks,
        SubCaRotation rotation, TenantAdmission admission, ProviderDb db, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (_, keeper) = await RequireProofAsync(confirmation.Proof, tenantId, context.Request, keys, proofs, cancellationToken);

        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        await admission.RequireOpenAsync(tenantId, cancellationToken);
        await RequireStillValidAsync(tenantId, keeper, keys, cancellationToken);
        await RequireActiveAsync(db, tenantId, cancellationToken);
        await rotation.RetireOthersAsync(db, tenantId, keeper, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<(KeyProofClaims Claims, byte[] PublicKey)> RequireProofAsync(
        string? proof, string tenantId, HttpRequest request, SubCaKeys keys, TenantProofs proofs, CancellationToken cancellationToken)
    {
        try
        {
            return await proofs.RequireAsync(proof, tenantId, request, await keys.ValidAsync(tenantId, cancellationToken), cancellationToken);
        }
        catch (ProblemException e) when (e.Status == StatusCodes.Status401Unauthorized)
        {
            if (await keys.IsOfARevokedSubCaAsync(tenantId, key => proofs.Holds(proof, tenantId, request, key), cancellationToken))
            {
                throw TenantAdmission.SubCaRevoked(tenantId);
            }

            throw;
        }
    }

    /// <summary>Under the tenant's lock: the key may have been revoked since its proof was checked.</summary>
    private static async Task RequireStillValidAsync(string tenantId, byte[] publicKey, SubCaKeys keys, CancellationToken cancellationToken)
    {
        if (!(await keys.ValidAsync(tenantId, cancellationToken)).Any(key => key.AsSpan().SequenceEqual(publicKey)))
        {
            throw TenantAdmission.SubCaRevoked(tenantId);
        }
    }

    private static async Task<TenantRow> RequireActiveAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken) =>
        await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId && t.Status == TenantStatus.Active, cancellationToken)
        ?? throw new ProblemException(StatusCodes.Status409Conflict, "tenant_not_active", $"Tenant {tenantId} has no confirmed JOIN, so there is nothing to rotate.");
}

internal static class RotationServices
{
    public static IServiceCollection AddSubCaRotation(this IServiceCollection services) => services
        .AddSingleton<SubCaKeys>()
        .AddSingleton<SubCaRotation>()
        .AddSingleton<TenantAdmission>()
        .AddHttpContextAccessor()
        .AddSingleton<IAuthorizationHandler, SuspendedBridges>();
}
