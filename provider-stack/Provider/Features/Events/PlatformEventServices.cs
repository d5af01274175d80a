using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Events;

internal static class PlatformEventServices
{
    private static readonly EventConsumer History = new(
        HistoryConsumer<TenantPrepared>.Name, typeof(HistoryConsumer<>),
        [
            typeof(TenantPrepared), typeof(TenantJoined), typeof(TenantSuspended), typeof(TenantResumed), typeof(TenantRemoved),
            typeof(CertificateIssued), typeof(CertificateRenewed), typeof(CertificateRevoked), typeof(CertificateExpiring), typeof(BridgeUp), typeof(BridgeDown),
        ],
        happened => happened is { TenantId: not null, Source: null });

    public static IServiceCollection AddPlatformEvents(this IServiceCollection services, ProviderOptions options)
    {
        services.AddSingleton<IEventTranslator, TenantActs>();
        services.AddSingleton<IEventTranslator, CertificateActs>();
        services.AddSingleton<ForwardingLimiter>();
        services.AddScoped<EventForwarding>();
        if (options.RabbitMq is null)
            return services.AddEvents([History]);
        services.AddSingleton<EventVhost>();
        return services.AddEvents([History], RabbitMqTransport.Use);
    }
}
