using IoTPlatform.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Events;

public static class EventServices
{
    /// <summary>The relay from the audit log to this publisher. Which operations are events is said by every <see cref="IEventMapper"/>.</summary>
    public static IServiceCollection AddEventRelay<TPublisher>(this IServiceCollection services) where TPublisher : class, IEventPublisher
    {
        services.AddSingleton<EventMappers>();
        services.AddSingleton<IEventPublisher, TPublisher>();
        services.AddSingleton<EventRelay>();
        services.AddSingleton(new EventBacklog("(SELECT head.sequence - relay.position FROM audit.head, events.relay)"));
        return services.AddHostedService(provider => provider.GetRequiredService<EventRelay>());
    }
}
