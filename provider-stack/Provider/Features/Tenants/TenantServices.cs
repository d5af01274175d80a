using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Features.Certificates;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class TenantServices
{
    public static IServiceCollection AddTenants(this IServiceCollection services) => services
        .AddSingleton<TenantValidation>()
        .AddSingleton<JoinKeys>()
        .AddSingleton<TenantCertificates>()
        .AddSingleton<TenantCertificateRevocation>()
        .AddSingleton<CertificateOrders>()
        .AddSingleton<IProfileRevocation, SubCaRevocation>()
        .AddScoped<TenantPreparation>()
        .AddScoped<JoinKeyChanges>()
        .AddScoped<TenantDirectory>()
        .AddScoped<TenantDetails>();

    public static void MapTenants(this IEndpointRouteBuilder app)
    {
        app.MapPrepareTenant();
        app.MapListTenants();
        app.MapShowTenant();
        app.MapJoinKeys();
    }
}
