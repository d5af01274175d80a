using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Mqtt;

internal static class MqttServices
{
    public static IServiceCollection AddDeviceMqtt(this IServiceCollection services, BrokerOptions? broker)
    {
        services.AddSingleton<DeviceAccess>();
        if (broker is null)
            return services;
        services.AddSingleton<IRabbitMqAuth, RabbitMqDeviceAuth>();
        if (broker.TlsFolder is { } folder)
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerCertificate>(provider, broker.Names, new BrokerCertificateFiles(folder)));
        return services;
    }

    public static void MapDeviceMqtt(this IEndpointRouteBuilder app, BrokerOptions? broker)
    {
        if (broker is not null)
            app.MapRabbitMqAuth(ClientCertificateDefaults.BrokerPolicy);
    }
}
