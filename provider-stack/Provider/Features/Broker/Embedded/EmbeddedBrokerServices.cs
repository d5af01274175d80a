using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Commands;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

internal static class EmbeddedBrokerServices
{
    public static IServiceCollection AddEmbeddedBroker(this IServiceCollection services) => services
        .AddSingleton<IBrokerProvisioner, EmbeddedBrokerProvisioner>()
        .AddSingleton<IMqttAuthenticator, BridgeAuthenticator>()
        .AddSingleton<TenantBudgets>()
        .AddSingleton<IMessageStore, BridgeMessages>()
        .AddSingleton<BridgeIntakes>()
        .AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<BridgeIntakes>())
        .AddSingleton<BridgeSessions>()
        .AddSingleton<BridgePresence>()
        .AddSingleton<IBridgeChannel, EmbeddedBridgeChannel>()
        .AddPresenceRecorder<EmbeddedBridgePresence>()
        .AddMqttBroker()
        .AddSingleton<IRevocationWatcher, RevokedBridgeSessions>()
        .AddHostedService<RevocationNotices>();

    /// <summary>HTTPS, and MQTT beside it: negotiated on the same ports, and at ports of its own. With a RabbitMQ HTTPS alone.</summary>
    public static void Listen(this IWebHostBuilder builder, ProviderOptions options, ServiceCertificate certificate)
    {
        if (options.RabbitMq is null)
        {
            builder.UseServiceCertificate(options.Listen, certificate, (MqttHosting.Alpn, MqttHosting.UseMqtt)).UseMqtt(options.MqttListen, certificate.Handshake(MqttHosting.Alpn));
        }
        else
        {
            builder.UseServiceCertificate(options.Listen, certificate);
        }
    }
}
