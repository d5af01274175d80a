using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Features.Identity;

internal static class IdentityServices
{
    /// <summary>The tenant's realm and, in it, the provider's staff.</summary>
    public static IServiceCollection AddFederation(this IServiceCollection services) => services
        .AddSingleton<KeeperFiles>()
        .AddSingleton<IUpkeepTask, FederationUpkeep>();
}
