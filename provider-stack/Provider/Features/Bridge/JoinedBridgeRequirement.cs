using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using Microsoft.AspNetCore.Authorization;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>Part of the bridges' policy, so that no endpoint can forget it: the certificate's JOIN is one of its tenant's.</summary>
internal sealed class JoinedBridgeRequirement : IAuthorizationRequirement
{
    internal sealed class Handler(BridgeStanding standing, IHttpContextAccessor contexts) : AuthorizationHandler<JoinedBridgeRequirement>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, JoinedBridgeRequirement requirement)
        {
            var (tenant, lineage) = (context.User.FindFirstValue(ClientCertificateDefaults.TenantClaim), context.User.FindFirstValue(ClientCertificateDefaults.LineageClaim));
            if (await standing.FindAsync(tenant, lineage, contexts.HttpContext?.RequestAborted ?? CancellationToken.None) is not null)
                context.Succeed(requirement);
        }
    }
}
