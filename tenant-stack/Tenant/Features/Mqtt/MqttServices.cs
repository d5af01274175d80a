using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;
using IoTPlatform.RabbitMq.Amqp;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

namespace IoTPlatform.Tenant.Features.Mqtt;

internal static class MqttServices
{
    /// <param name="services">Gets them.</param>
    /// <param name="broker">Null: the embedded broker.</param>
    /// <param name="ca">Below its root the broker is, and its service certificate is this tenant's at the broker.</param>
    /// <param name="files">Have the root's list.</param>
    /// <param name="tenant">Whose broker it is.</param>
    /// <param name="time">When certificates are valid.</param>
    public static IServiceCollection AddDeviceMqtt(this IServiceCollection services, BrokerOptions? broker, CertificateAuthorityModule ca, JoinFiles files, JoinedTenant tenant, TimeProvider time)
    {
        services.AddSingleton<DeviceAccess>().AddSingleton<DevicePresence>();
        if (broker is null)
        {
            return services.AddEmbeddedBroker();
        }

        var root = ca.Authority.Chain.Root;
        var server = RabbitMqHttp.Broker(broker.CaFile, root, ServerIdentity.Tenant(tenant.TrustDomain, ServiceNames.Broker), time)
            .With(() => files.RevokedIntermediates.TryLoad(root, ca.Authority.Chain.Certificates));
        services.AddSingleton<IRabbitMqAuth, RabbitMqDeviceAuth>().AddSingleton<IDeviceSessions, NoDeviceSessions>()
            .AddSingleton<DeviceQueueState>().AddSingleton(new AmqpEndpoint(broker.AmqpUrl, server, () => ca.ServiceCertificate.Context))
            .AddSingleton<BrokerRenewals>().AddSingleton<DeviceQueueFrontier>().AddSingleton<DeviceIngest>().AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<DeviceIngest>())
            .AddHostedService(provider => provider.GetRequiredService<DeviceIngest>());
        if (broker.Management is { } management)
        {
            services.AddHostedService<PresenceRelay>()
                .AddConnectionPoll(management, server).AddSingleton<IConnectionWatcher, ConnectedDevices>().AddSingleton<RevokedDevices>()
                .AddSingleton<IConnectionWatcher>(provider => provider.GetRequiredService<RevokedDevices>()).AddSingleton<IRevocationWatcher>(provider => provider.GetRequiredService<RevokedDevices>());
        }

        if (broker.TlsFolder is { } folder)
        {
            services.AddBrokerFiles(folder, broker.Names);
        }
        else
        {
            // The lists are the operator's: only connections are ended.
            services.AddHostedService<RevocationNotices>();
        }

        return services;
    }

    public static void MapDeviceMqtt(this IEndpointRouteBuilder app, BrokerOptions? broker)
    {
        if (broker is null)
        {
            app.MapMqtt();
        }
        else
        {
            app.MapRabbitMqAuth(ClientCertificateDefaults.BrokerPolicy);
        }
    }

    /// <summary>HTTPS, and MQTT beside it: negotiated on the same ports, and at ports of its own. With a RabbitMQ HTTPS alone.</summary>
    public static void Listen(this IWebHostBuilder builder, TenantOptions options, ServiceCertificate certificate)
    {
        if (options.Broker is null)
        {
            builder.UseServiceCertificate(options.Listen, certificate, (MqttHosting.Alpn, MqttHosting.UseMqtt)).UseMqtt(options.MqttListen, certificate.Handshake(MqttHosting.Alpn));
        }
        else
        {
            builder.UseServiceCertificate(options.Listen, certificate);
        }
    }

    private static IServiceCollection AddEmbeddedBroker(this IServiceCollection services) => services
        .AddSingleton<IMqttAuthenticator, DeviceAuthenticator>()
        .AddSingleton<DeviceRequests>()
        .AddSingleton<IMessageStore, DeviceMessages>()
        .AddSingleton<DeviceIntakes>()
        .AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<DeviceIntakes>())
        .AddPresenceRecorder<ConnectedSessions>()
        .AddHostedService<PresenceRelay>()
        .AddMqttBroker()
        .AddSingleton<IRevocationWatcher, RevokedSessions>()
        .AddSingleton<IDeviceSessions, EmbeddedDeviceSessions>()
        .AddHostedService<RevocationNotices>();
}
