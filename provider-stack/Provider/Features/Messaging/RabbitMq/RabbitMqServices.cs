using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;
using IoTPlatform.Provider.Features.Names;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

internal static class RabbitMqServices
{
    /// <summary>Below a workflow step's limit, so that a step tells what was slow instead of running out of time itself.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    public static void AddRabbitMq(this IServiceCollection services, RabbitMqOptions options, ProviderFoundation foundation)
    {
        var roots = RabbitMqHttp.Roots(options.Management, foundation.Ca.Authority.Chain.Root);
        services.AddSingleton(options);
        services.AddSingleton<IReservedNames, BrokerAccountNames>();
        services.AddSingleton(_ => new RabbitMqManagement(RabbitMqHttp.Create(options.Management, roots, CallTimeout)));
        services.AddSingleton<RabbitMqApi>();
        services.AddSingleton(services => new AmqpAccount(services.GetRequiredService<RabbitMqApi>(), services.GetRequiredService<RabbitMqOwnership>(), AmqpAccount.PasswordOf(foundation.Folder)));
        services.AddSingleton(services => new AmqpConnections(options, services.GetRequiredService<AmqpAccount>(), roots, () => foundation.Ca.ServiceCertificate.Context));
        services.AddSingleton<VhostMapping>();
        services.AddSingleton(new RabbitMqOwnership(foundation.Options.PlatformDomain));
        services.AddSingleton<IRabbitMqAuth, BridgeAuth>();
        services.AddSingleton<IBrokerProvisioner, RabbitMqBrokerProvisioner>();
        services.AddConnectionPoll(options.Management, roots).AddSingleton<IConnectionWatcher, BridgePresence>();
        if (options.TlsFolder is { } folder)
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerCertificate>(provider, NameRegistry.Broker(foundation.Options), new BrokerCertificateFiles(folder)));
    }
}
