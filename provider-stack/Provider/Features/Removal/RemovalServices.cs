using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Removal;

internal static class RemovalServices
{
    public static IServiceCollection AddTenantRemoval(this IServiceCollection services) => services
        .AddSingleton<IRemovalStep, RevokeCertificatesStep>()
        .AddSingleton<IRemovalStep, RemoveBrokerStep>()
        .AddSingleton<IRemovalStep, RemoveFederationStep>();
}
