using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.CertificateAuthority.Inventory;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

public static class CertificateAuthorityServices
{
    /// <summary>Registers the module's parts, the scan for certificates that are about to run out, the authentication scheme <see cref="ClientCertificateDefaults.Scheme"/> and its policies. The caller disposes the module.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="module">Started.</param>
    /// <param name="validation">A port of its own for revocation lists and OCSP; null: none.</param>
    public static IServiceCollection AddCertificateAuthority(this IServiceCollection services, CertificateAuthorityModule module, ValidationOptions? validation)
    {
        services.AddSingleton<RevocationLists>();
        services.AddSingleton<OcspResponders>();
        services.AddSingleton<OcspAnswers>();
        services.AddSingleton<ValidationHandlers>();
        if (validation is not null)
        {
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<ValidationListener>(provider, validation));
        }

        if (module.Authority.Upstream is { } upstream)
        {
            services.AddHostedService(provider => new UpstreamUpkeep(upstream, module.Authority, module.Authority.Time, provider.GetRequiredService<ILogger<UpstreamUpkeep>>()));
        }

        services.AddAcme(module.Options);
        services.AddSingleton(module);
        services.AddSingleton(module.Authority);
        services.AddSingleton(provider => module.Provisioners.With(provider.GetServices<IProvisioner>()));
        services.AddSingleton(module.ProvisionerStore);
        services.AddSingleton(module.Options.Webhooks);
        services.AddSingleton<ProvisionerChanges>();
        services.AddSingleton(module.AuthorityPolicies);
        services.AddSingleton(module.Administrators);
        services.AddSingleton<AuthorityPolicies>();
        services.AddSingleton(provider => new ProvisionerAdministration(
            provider.GetRequiredService<ProvisionerChanges>(), provider.GetRequiredService<AuthorityPolicies>(), provider.GetRequiredService<ProvisionerRegistry>()));
        services.AddSingleton(provider => new AuthorityImports(module.Authority, module.Issuers, provider.GetRequiredService<ProvisionerRegistry>(), module.Passwords));
        services.AddSingleton(provider => new AcmeAccountImports(provider.GetRequiredService<ProvisionerRegistry>(), provider.GetRequiredService<AcmeAccounts>(), module.Authority.Time));
        services.AddSingleton(provider => new IssuerAdministration(module, provider.GetRequiredService<ProvisionerRegistry>()));
        services.AddHostedService<ProvisionerNotices>();
        services.AddSingleton<ProfileRevocations>();
        services.AddSingleton<IEmergency, KeyEmergency>();
        services.AddSingleton<IEmergency, ProfileEmergency>();
        services.AddSingleton<IEmergency>(provider => new IssuerEmergency(module, provider.GetRequiredService<ProvisionerRegistry>()));
        services.AddSingleton<Emergencies>();
        services.AddSingleton(provider => new InventoryStore(provider.GetRequiredService<NpgsqlDataSource>(), () => InventoryStore.ByNames(provider.GetRequiredService<ProvisionerRegistry>()), module.Authority.Time));
        services.AddSingleton(provider => new BudgetStore(provider.GetRequiredService<NpgsqlDataSource>(), new EndpointTotals(provider.GetRequiredService<NpgsqlDataSource>(), module.Authority.Time), provider.GetRequiredService<ProvisionerRegistry>(), module.Options, module.Authority.Time));
        services.AddSingleton(provider => new CertificateBudgets(provider.GetRequiredService<BudgetStore>()));
        services.AddSingleton(provider => new CertificateInventory(module.Authority, provider.GetRequiredService<InventoryStore>()));
        services.AddHostedService(provider => new InventoryUpkeep(
            provider.GetRequiredService<InventoryStore>(), provider.GetRequiredService<BudgetStore>().CountEndpointsAsync, module.Options.CertificateRetention, module.Options.EndpointCertificates, module.Authority.Time, provider.GetRequiredService<ILogger<InventoryUpkeep>>()));
        services.AddSingleton(provider => new CaDirectory(module, provider.GetRequiredService<ProvisionerRegistry>()));
        services.AddSingleton(provider => new CertificateRevocations(provider.GetRequiredService<ProfileRevocations>(), module.Authority));
        services.AddSingleton(module.ServiceCertificate);
        services.AddSingleton<ProfileRenewals>();
        services.AddSingleton<IReservedNames>(new PlatformNames(module.Options));
        services.AddSingleton<NameReservations>();
        services.AddSingleton(provider => new WebhookCalls(
            module.Options.Webhooks, () => module.ServiceCertificate.Context, () => module.Authority.Issuers, module.Authority.Time, provider.GetRequiredService<ILogger<WebhookCalls>>()));
        services.AddSingleton(provider => new CredentialInventories(provider.GetRequiredService<NpgsqlDataSource>(), module.Authority.Time));
        services.AddSingleton(provider => new LeafGrants(
            provider.GetRequiredService<ProvisionerRegistry>(), provider.GetRequiredService<NameReservations>(), provider.GetRequiredService<CredentialInventories>(), provider.GetRequiredService<WebhookCalls>(), module.Authority.Time));
        services.AddHostedService(provider => new ExpiryScanner(module.Authority.Store, provider.GetRequiredService<InventoryStore>(), module.Authority.Time, provider.GetRequiredService<ILogger<ExpiryScanner>>()));
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ClientCertificateHandler>(ClientCertificateDefaults.Scheme, configureOptions: null);
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, RevokedCertificateAnswer>();
        services.AddAuthorizationBuilder()
            .AddPolicy(ClientCertificateDefaults.AnyPolicy, p => p.AddAuthenticationSchemes(ClientCertificateDefaults.Scheme).RequireAuthenticatedUser())
            .AddPolicy(ClientCertificateDefaults.BridgePolicy, p => p.AddAuthenticationSchemes(ClientCertificateDefaults.Scheme).RequireClaim(ClientCertificateDefaults.ProfileClaim, Profiles.MqttBridge.Name))
            .AddPolicy(ClientCertificateDefaults.DevicePolicy, p => p.AddAuthenticationSchemes(ClientCertificateDefaults.Scheme).RequireClaim(ClientCertificateDefaults.ProfileClaim, Profiles.Device.Name))
            .AddPolicy(ClientCertificateDefaults.BrokerPolicy, p => p.AddAuthenticationSchemes(ClientCertificateDefaults.Scheme)
                .RequireClaim(ClientCertificateDefaults.ProfileClaim, Profiles.Service.Name)
                .RequireClaim(ClientCertificateDefaults.SpiffeIdClaim, module.Authority.Options.SpiffeIdOf(BrokerCertificate.Service)));
        return services;
    }
}
