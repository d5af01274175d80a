using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Bridge;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Federation;

internal static class IdentityServices
{
    /// <summary>What is kept of the tenant's realm; the keys that encrypt it lie in the data folder.</summary>
    public static IServiceCollection AddRealm(this IServiceCollection services, DataFolder folder)
    {
        services.AddDataProtection().SetApplicationName("iotplatform-tenant").PersistKeysToFileSystem(new DirectoryInfo(folder.Combine("secrets", "data-protection")));
        return services
            .AddSingleton<RealmMarker>()
            .AddSingleton(s => RealmSecrets.Create(s.GetRequiredService<IDbContextFactory<TenantDbContext>>(), s.GetRequiredService<IDataProtectionProvider>(), s.GetRequiredService<TimeProvider>()));
    }

    /// <summary>The tenant's realm and, in it, the provider's staff.</summary>
    public static IServiceCollection AddFederation(this IServiceCollection services, TenantOptions options) =>
        (options.Oidc is null ? services.AddSingleton<IClientSecret, BundleSecret>() : services.AddSingleton<IClientSecret, PortalSecret>())
        .AddSingleton<IMaintenanceTask, FederationMaintenance>();
}
