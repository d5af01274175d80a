using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Tenant.Features.Bridge;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Tenant.Features.Federation;

internal static class IdentityServices
{
    private const string Application = "iotplatform-tenant";

    /// <summary>The tenant's realm and, in it, the provider's staff; the keys that encrypt what is kept of them lie in the data folder.</summary>
    public static IServiceCollection AddFederation(this IServiceCollection services, DataFolder folder)
    {
        services.AddDataProtection().SetApplicationName(Application).PersistKeysToFileSystem(Keys(folder));
        return services
            .AddSingleton<RealmMarker>()
            .AddSingleton<RealmSecrets>()
            .AddSingleton<IClientSecret, PortalSecret>()
            .AddSingleton<IUpkeepTask, FederationUpkeep>();
    }

    /// <summary>The same keys, before there are services.</summary>
    public static IDataProtectionProvider Protection(DataFolder folder) => DataProtectionProvider.Create(Keys(folder), keys => keys.SetApplicationName(Application));

    private static DirectoryInfo Keys(DataFolder folder) => new(folder.Combine("secrets", "data-protection"));
}
