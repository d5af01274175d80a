using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Broker.Embedded;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Startup;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Provider.Features.Broker;

internal static class MessagingServices
{
    public static IServiceCollection AddMessaging(this IServiceCollection services, ProviderFoundation foundation)
    {
        if (foundation.Options.RabbitMq is { } rabbitmq)
        {
            services.AddRabbitMq(rabbitmq, foundation);
        }
        else
        {
            services.AddEmbeddedBroker();
        }

        services.AddSingleton(foundation.Options.Plans);
        services.AddSingleton<TenantBroker>();
        services.AddScoped<BrokerReconciliation>();
        services.AddScoped<BrokerInspection>();
        services.AddScoped<BrokerRepair>();
        services.AddScoped<PlanChange>();
        services.AddScoped<TenantSuspension>();
        return services.AddHostedService<BrokerReconciler>();
    }

    public static void MapMessaging(this IEndpointRouteBuilder app, ProviderOptions options)
    {
        if (options.RabbitMq is not null)
        {
            app.MapRabbitMqAuth(ClientCertificateDefaults.BrokerPolicy);
        }
        else
        {
            app.MapMqtt();
        }

        app.MapSuspension();
        app.MapBrokerCheck();
        app.MapPlan();
    }
}
