using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Mqtt;

internal static class MqttServices
{
    /// <param name="services">Gets them.</param>
    /// <param name="broker">Null: devices speak HTTPS only.</param>
    /// <param name="root">The platform's.</param>
    /// <param name="tenant">Whose broker it is.</param>
    /// <param name="time">When certificates are valid.</param>
    public static IServiceCollection AddDeviceMqtt(this IServiceCollection services, BrokerOptions? broker, X509Certificate2 root, JoinedTenant tenant, TimeProvider time)
    {
        services.AddSingleton<DeviceAccess>();
        if (broker is null)
        {
            return services;
        }

        services.AddSingleton<IRabbitMqAuth, RabbitMqDeviceAuth>();
        if (broker.Management is { } management)
        {
            services.AddSingleton<DevicePresence>().AddHostedService<PresenceRelay>()
                .AddConnectionPoll(management, RabbitMqHttp.Broker(management, root, ServerIdentity.Tenant(tenant.TrustDomain, ServiceNames.Broker), time)).AddSingleton<IConnectionWatcher, ConnectedDevices>().AddSingleton<RevokedDevices>()
                .AddSingleton<IConnectionWatcher>(provider => provider.GetRequiredService<RevokedDevices>()).AddSingleton<IRevocationWatcher>(provider => provider.GetRequiredService<RevokedDevices>());
        }

        if (broker.TlsFolder is { } folder)
        {
            services.AddBrokerFiles(folder, broker.Names);
        }

        return services;
    }

    public static void MapDeviceMqtt(this IEndpointRouteBuilder app, BrokerOptions? broker)
    {
        if (broker is not null)
        {
            app.MapRabbitMqAuth(ClientCertificateDefaults.BrokerPolicy);
        }
    }
}
