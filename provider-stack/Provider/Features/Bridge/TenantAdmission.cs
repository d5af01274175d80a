using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Rotation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>The answer to every call of a suspended tenant, so that its stack can show the reason to its operator.</summary>
internal sealed class TenantAdmission(IDbContextFactory<ProviderDb> contexts, SubCaKeys keys)
{
    /// <summary>Throws 403 <c>tenant_suspended</c>, or 403 <c>sub_ca_revoked</c> when no valid Sub-CA is left to it.</summary>
    public async Task RequireOpenAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var suspended = await db.Tenants.AsNoTracking().Where(t => t.TenantId == tenantId && t.SuspendedAt != null).Select(t => new { t.Status, t.SuspendedReason }).SingleOrDefaultAsync(cancellationToken);
        if (suspended is null)
        {
            return;
        }

        if (suspended.Status == TenantStatus.Active && (await keys.ValidAsync(tenantId, cancellationToken)).Count == 0)
        {
            throw SubCaRevoked(tenantId);
        }

        throw new ProblemException(StatusCodes.Status403Forbidden, "tenant_suspended", $"Tenant {tenantId} is suspended: {suspended.SuspendedReason}");
    }

    public static ProblemException SubCaRevoked(string tenantId) => new(
        StatusCodes.Status403Forbidden, "sub_ca_revoked",
        $"The Sub-CA of tenant {tenantId} is revoked, and the tenant is suspended: no certificate of that Sub-CA is good any more. Ask the provider's administrator.");
}

/// <summary>Part of every authorization, so that no endpoint can forget it: a bridge certificate opens nothing while its tenant is suspended.</summary>
internal sealed class SuspendedBridges(TenantAdmission admission, IHttpContextAccessor contexts) : IAuthorizationHandler
{
    public Task HandleAsync(AuthorizationHandlerContext context) =>
        context.User.FindFirstValue(ClientCertificateDefaults.ProfileClaim) == Profiles.MqttBridge.Name && context.User.FindFirstValue(ClientCertificateDefaults.TenantClaim) is { } tenantId
            ? admission.RequireOpenAsync(tenantId, contexts.HttpContext?.RequestAborted ?? CancellationToken.None)
            : Task.CompletedTask;
}
