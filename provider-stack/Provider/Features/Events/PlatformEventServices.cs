using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;

namespace IoTPlatform.Provider.Features.Events;

internal static class PlatformEventServices
{
    private static readonly EventConsumer History = new(
        HistoryConsumer<TenantPrepared>.Name, typeof(HistoryConsumer<>),
        [
            typeof(TenantPrepared), typeof(TenantJoined), typeof(TenantSuspended), typeof(TenantResumed), typeof(TenantRemoved),
            typeof(CertificateIssued), typeof(CertificateRenewed), typeof(CertificateRevoked),
        ]);

    public static IServiceCollection AddPlatformEvents(this IServiceCollection services)
    {
        services.AddSingleton<IEventTranslator, TenantActs>();
        services.AddSingleton<IEventTranslator, CertificateActs>();
        return services.AddEvents([History]);
    }
}
