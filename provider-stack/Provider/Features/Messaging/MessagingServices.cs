namespace IoTPlatform.Provider.Features.Messaging;

internal static class MessagingServices
{
    public static IServiceCollection AddMessaging(this IServiceCollection services) =>
        services.AddSingleton<IBrokerProvisioner, EmbeddedBrokerProvisioner>();
}
