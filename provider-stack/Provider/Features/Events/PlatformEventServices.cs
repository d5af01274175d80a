using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.Events;
using IoTPlatform.Provider.Configuration;

namespace IoTPlatform.Provider.Features.Events;

internal static class PlatformEventServices
{
    /// <summary>What happens, for the tenants' history and, over RabbitMQ, for programs outside.</summary>
    public static IServiceCollection AddPlatformEvents(this IServiceCollection services, ProviderOptions options)
    {
        services.AddSingleton<IEventMapper, TenantEventMapper>();
        services.AddSingleton<IEventMapper, CertificateEventMapper>();
        services.AddSingleton<TenantHistory>();
        services.AddSingleton<ForwardingLimiter>();
        services.AddScoped<EventForwarding>();
        services.AddEventWebhooks();
        return options.RabbitMq is null ? services.AddEventRelay<NoSubscribers>() : services.AddSingleton<EventSubscriptions>().AddEventRelay<BusPublisher>();
    }

    public static void MapPlatformEvents(this IEndpointRouteBuilder app)
    {
        app.MapTenantEvents();
        app.MapEventForwarding();
        app.MapEventSubscriptions();
    }
}
