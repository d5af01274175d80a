using IoTPlatform.Hosting;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Provider.Features.Identity;

internal static class IdentityServices
{
    /// <summary>Federation with the tenants' realms; the keys that encrypt its secrets lie in the data folder.</summary>
    public static IServiceCollection AddIdentityFederation(this IServiceCollection services, DataFolder folder)
    {
        services.AddDataProtection().SetApplicationName("iotplatform-provider").PersistKeysToFileSystem(new DirectoryInfo(folder.Combine("secrets", "data-protection")));
        services.AddSingleton<FederationSecrets>();
        return services.AddSingleton<IFederationProvisioner, EmbeddedFederationProvisioner>();
    }
}
