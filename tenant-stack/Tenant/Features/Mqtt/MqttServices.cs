using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Mqtt;

internal static class MqttServices
{
    /// <param name="services">Gets them.</param>
    /// <param name="broker">Null: devices speak HTTPS only.</param>
    /// <param name="root">The platform's, for a broker whose roots nobody named.</param>
    public static IServiceCollection AddDeviceMqtt(this IServiceCollection services, BrokerOptions? broker, X509Certificate2 root)
    {
        services.AddSingleton<DeviceAccess>();
        if (broker is null)
            return services;
        services.AddSingleton<IRabbitMqAuth, RabbitMqDeviceAuth>();
        if (broker.Management is { } management)
            services.AddSingleton<DevicePresence>().AddHostedService<PresenceRelay>()
                .AddConnectionPoll(management, RabbitMqHttp.Roots(management, root)).AddSingleton<IConnectionWatcher, ConnectedDevices>().AddSingleton<RevokedDevices>()
                .AddSingleton<IConnectionWatcher>(provider => provider.GetRequiredService<RevokedDevices>()).AddSingleton<IRevocationWatcher>(provider => provider.GetRequiredService<RevokedDevices>());
        if (broker.TlsFolder is { } folder)
            services.AddBrokerFiles(folder, broker.Names);
        return services;
    }

    public static void MapDeviceMqtt(this IEndpointRouteBuilder app, BrokerOptions? broker)
    {
        if (broker is not null)
            app.MapRabbitMqAuth(ClientCertificateDefaults.BrokerPolicy);
    }
}
