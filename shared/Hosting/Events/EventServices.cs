using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting.Events;

public static class EventServices
{
    /// <summary>The relay from the audit log to this publisher. Which operations are events is said by every <see cref="IEventMapper"/>.</summary>
    public static IServiceCollection AddEventRelay<TPublisher>(this IServiceCollection services) where TPublisher : class, IEventPublisher
    {
        services.AddSingleton<EventMappers>();
        services.AddSingleton<IEventPublisher, TPublisher>();
        services.AddSingleton<EventRelay>();
        return services.AddHostedService(provider => provider.GetRequiredService<EventRelay>());
    }
}
