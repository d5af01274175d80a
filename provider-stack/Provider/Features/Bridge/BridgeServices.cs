using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Authorization;

namespace IoTPlatform.Provider.Features.Bridge;

internal static class BridgeServices
{
    /// <summary>After the certificate authority, whose policy for bridges becomes stricter here.</summary>
    public static IServiceCollection AddBridge(this IServiceCollection services)
    {
        services.AddSingleton<BridgeJoins>();
        services.AddSingleton<BridgeRenewals>();
        services.AddSingleton<IProfileRenewal>(provider => provider.GetRequiredService<BridgeRenewals>());
        services.AddHttpContextAccessor();
        services.AddSingleton<IAuthorizationHandler, JoinedBridgeRequirement.Handler>();
        services.AddAuthorizationBuilder().AddPolicy(ClientCertificateDefaults.BridgePolicy, policy => policy
            .AddAuthenticationSchemes(ClientCertificateDefaults.Scheme)
            .RequireClaim(ClientCertificateDefaults.ProfileClaim, Profiles.MqttBridge.Name)
            .AddRequirements(new JoinedBridgeRequirement()));
        return services;
    }
}

/// <summary>Part of the bridges' policy, so that no endpoint can forget it: the certificate's JOIN is one of its tenant's.</summary>
internal sealed class JoinedBridgeRequirement : IAuthorizationRequirement
{
    internal sealed class Handler(BridgeJoins standing, IHttpContextAccessor contexts) : AuthorizationHandler<JoinedBridgeRequirement>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, JoinedBridgeRequirement requirement)
        {
            var (tenant, lineage) = (context.User.FindFirstValue(ClientCertificateDefaults.TenantClaim), context.User.FindFirstValue(ClientCertificateDefaults.LineageClaim));
            if (await standing.FindAsync(tenant, lineage, contexts.HttpContext?.RequestAborted ?? CancellationToken.None) is not null)
            {
                context.Succeed(requirement);
            }
        }
    }
}
