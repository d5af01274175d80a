using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Configuration;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

internal static class EmbeddedBrokerServices
{
    public static IServiceCollection AddEmbeddedBroker(this IServiceCollection services) => services
        .AddSingleton<IBrokerProvisioner, EmbeddedBrokerProvisioner>()
        .AddSingleton<IMqttAuthenticator, BridgeAuthenticator>()
        .AddSingleton<TenantBudgets>()
        .AddSingleton<IMessageStore, BridgeMessages>()
        .AddSingleton<BridgeSessions>()
        .AddSingleton<BridgePresence>()
        .AddPresenceRecorder<EmbeddedBridgePresence>()
        .AddMqttBroker()
        .AddSingleton<IRevocationWatcher, RevokedBridgeSessions>()
        .AddHostedService<RevocationNotices>();

    /// <summary>HTTPS, and without a RabbitMQ also MQTT on the same ports, for clients that negotiate it (ALPN).</summary>
    public static void Listen(this IWebHostBuilder builder, ProviderOptions options, ServiceCertificate certificate) =>
        builder.UseServiceCertificate(options.Listen, certificate, options.RabbitMq is null ? (MqttHosting.Alpn, MqttHosting.UseMqtt) : null);
}
