using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Authorization;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>Part of every authorization, so that no endpoint can forget it: a bridge certificate opens nothing while its tenant is suspended.</summary>
internal sealed class SuspendedBridges(TenantDoor door, IHttpContextAccessor contexts) : IAuthorizationHandler
{
    public Task HandleAsync(AuthorizationHandlerContext context) =>
        context.User.FindFirstValue(ClientCertificateDefaults.ProfileClaim) == Profiles.MqttBridge.Name && context.User.FindFirstValue(ClientCertificateDefaults.TenantClaim) is { } tenantId
            ? door.RequireOpenAsync(tenantId, contexts.HttpContext?.RequestAborted ?? CancellationToken.None)
            : Task.CompletedTask;
}
