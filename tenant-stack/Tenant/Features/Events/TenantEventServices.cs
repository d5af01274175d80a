using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.Events;

namespace IoTPlatform.Tenant.Features.Events;

internal static class TenantEventServices
{
    /// <summary>This stack's events, to the provider's bus.</summary>
    public static IServiceCollection AddTenantEvents(this IServiceCollection services) => services
        .AddSingleton<IEventMapper, DeviceEventMapper>()
        .AddSingleton<IEventMapper, CertificateEventMapper>()
        .AddSingleton<BridgeConnection>()
        .AddEventWebhooks()
        .AddEventRelay<ProviderEvents>();
}
