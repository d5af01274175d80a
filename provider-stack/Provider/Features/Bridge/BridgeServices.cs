using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Authorization;

namespace IoTPlatform.Provider.Features.Bridge;

internal static class BridgeServices
{
    /// <summary>After the certificate authority, whose policy for bridges becomes stricter here.</summary>
    public static IServiceCollection AddBridge(this IServiceCollection services)
    {
        services.AddSingleton<BridgeStanding>();
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
