using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Oidc.Login;
using IoTPlatform.Tenant.Features.Uplink;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Tenant.Features.Identity;

internal static class IdentityServices
{
    /// <summary>The tenant's realm and, in it, the provider's staff; the keys that encrypt what the portal keeps of them lie in the data folder.</summary>
    public static IServiceCollection AddFederation(this IServiceCollection services, DataFolder folder)
    {
        services.AddDataProtection().SetApplicationName("iotplatform-tenant").PersistKeysToFileSystem(new DirectoryInfo(folder.Combine("secrets", "data-protection")));
        return services
            .AddSingleton<KeeperFiles>()
            .AddSingleton<IClientSecret, PortalSecret>()
            .AddSingleton<IUpkeepTask, FederationUpkeep>();
    }
}
