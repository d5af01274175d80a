using IoTPlatform.Contracts.Identity;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation.Keycloak;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

internal static class IdentityServices
{
    /// <summary>Federation with the tenants' realms; the keys that encrypt its secrets lie in the data folder.</summary>
    public static IServiceCollection AddIdentityFederation(this IServiceCollection services, DataFolder folder, OidcOptions? oidc)
    {
        services.AddDataProtection().SetApplicationName("iotplatform-provider").PersistKeysToFileSystem(new DirectoryInfo(folder.Combine("secrets", "data-protection")));
        services.AddSingleton<FederationSecrets>();
        services.AddSingleton<FederationReconciliation>();
        services.AddScoped<FederationInspection>();
        services.AddScoped<FederationChanges>();
        services.AddHostedService<FederationReconciler>();
        return oidc is null ? services.AddSingleton<IFederationProvisioner, EmbeddedFederationProvisioner>().AddSingleton<RealmExport>() : services.AddKeycloak(oidc);
    }

    public static void MapIdentityFederation(this IEndpointRouteBuilder app)
    {
        app.MapInitIdentity();
        app.MapRealmExport();
        app.MapFederation();
    }

    private static IServiceCollection AddKeycloak(this IServiceCollection services, OidcOptions oidc) => services
        .AddSingleton(_ => new KeycloakHttp(oidc))
        .AddSingleton(new KeycloakRealm(oidc))
        .AddSingleton(s => new SecretStore<ProviderDb>(
            s.GetRequiredService<IDbContextFactory<ProviderDb>>(), ProviderDb.KeycloakSecretsTable, "provider.keycloak_secrets",
            s.GetRequiredService<IDataProtectionProvider>(), s.GetRequiredService<TimeProvider>()))
        .AddSingleton<IClientSecret, PortalSecret>()
        .AddSingleton<FederationRegistrations>()
        .AddSingleton<KeycloakClients>()
        .AddSingleton<RealmSetup>()
        .AddSingleton<IFederationProvisioner, KeycloakFederationProvisioner>();
}

internal static class InitIdentityEndpoint
{
    public static void MapInitIdentity(this IEndpointRouteBuilder app) => app.MapPost("/portal/admin/identity/init", InitAsync).RequireAuthorization(Policies.Admin);

    private static async Task<Ok<InitializedIdentity>> InitAsync(
        InitIdentityRequest request, HttpContext context, IServiceProvider services, AuditLog audit, CancellationToken cancellationToken)
    {
        var setup = services.GetService<RealmSetup>()
            ?? throw new ProblemException(StatusCodes.Status409Conflict, "identity_local", "This provider has local accounts only: IOT_IDENTITY is not keycloak, so there is nothing to set up.");
        var changes = await setup.EnsureAsync(request.Realm ?? "master", request.Username, request.Password, cancellationToken);
        var realm = services.GetRequiredService<KeycloakRealm>().Name;
        await audit.AppendAsync(new AuditEntry(Caller.Of(context.User), "identity.initialized", realm, AuditDetails.Of(("changes", string.Join("; ", changes)))), cancellationToken);
        return TypedResults.Ok(new InitializedIdentity { Realm = realm, Changes = changes });
    }
}
