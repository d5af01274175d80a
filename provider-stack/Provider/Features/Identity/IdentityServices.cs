using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Features.Identity.Keycloak;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Provider.Features.Identity;

internal static class IdentityServices
{
    /// <summary>Federation with the tenants' realms; the keys that encrypt its secrets lie in the data folder.</summary>
    public static IServiceCollection AddIdentityFederation(this IServiceCollection services, DataFolder folder, OidcOptions? oidc)
    {
        services.AddDataProtection().SetApplicationName("iotplatform-provider").PersistKeysToFileSystem(new DirectoryInfo(folder.Combine("secrets", "data-protection")));
        services.AddSingleton<FederationSecrets>();
        services.AddSingleton<FederationSettlement>();
        services.AddHostedService<FederationReconciler>();
        return oidc is null ? services.AddSingleton<IFederationProvisioner, EmbeddedFederationProvisioner>() : services.AddKeycloak(oidc);
    }

    public static void MapIdentityFederation(this IEndpointRouteBuilder app)
    {
        app.MapInitIdentity();
        app.MapFederation();
    }

    private static IServiceCollection AddKeycloak(this IServiceCollection services, OidcOptions oidc) => services
        .AddSingleton(_ => new KeycloakHttp(oidc))
        .AddSingleton(new KeycloakRealm(oidc))
        .AddSingleton<KeycloakSecrets>()
        .AddSingleton<IClientSecret, PortalSecret>()
        .AddSingleton<FederationRegistrations>()
        .AddSingleton<KeycloakClients>()
        .AddSingleton<RealmSetup>()
        .AddSingleton<IFederationProvisioner, KeycloakFederationProvisioner>();
}
