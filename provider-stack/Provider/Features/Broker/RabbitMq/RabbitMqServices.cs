using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Proof;
using IoTPlatform.Provider.Features.Names;
using IoTPlatform.Provider.Startup;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

internal static class RabbitMqServices
{
    /// <summary>Below a workflow step's timeout, so that the step reports the slow call instead of timing out itself.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    public static void AddRabbitMq(this IServiceCollection services, RabbitMqOptions options, ProviderFoundation foundation)
    {
        var root = foundation.Ca.Authority.Chain.Root;
        var rootList = CaFiles.RootRevocationList(foundation.Folder);
        var broker = RabbitMqHttp.Broker(options.Management.CaFile, root, ServerIdentity.Provider(foundation.Options.PlatformDomain, ServiceNames.Broker), foundation.Time)
            .With(() => rootList.TryLoad(root));
        services.AddSingleton(options);
        services.AddSingleton<IReservedNames, BrokerAccountNames>();
        services.AddSingleton(_ => new RabbitMqManagement(RabbitMqHttp.Create(options.Management, broker, CallTimeout)));
        services.AddSingleton<RabbitMqApi>();
        services.AddSingleton(services => new AmqpAccount(services.GetRequiredService<RabbitMqApi>(), services.GetRequiredService<RabbitMqOwnership>(), AmqpAccount.PasswordOf(foundation.Folder)));
        services.AddSingleton(services => new AmqpConnections(options, services.GetRequiredService<AmqpAccount>(), broker, () => foundation.Ca.ServiceCertificate.Context));
        services.AddSingleton<VhostMapping>();
        services.AddSingleton(new RabbitMqOwnership(foundation.Options.PlatformDomain));
        services.AddSingleton<BrokerQuestions>().AddSingleton<IRabbitMqAuth, BridgeAuth>();
        services.AddSingleton(services => new RevokedCanary(foundation.Ca.Authority, foundation.Folder, services.GetRequiredService<TimeProvider>()));
        services.AddSingleton<BrokerTrial>().AddSingleton<BrokerProof>();
        services.AddSingleton<IBrokerProof>(services => services.GetRequiredService<BrokerProof>()).AddSingleton<IReadinessCheck>(services => services.GetRequiredService<BrokerProof>());
        services.AddHostedService(services => services.GetRequiredService<BrokerProof>());
        services.AddSingleton<IBrokerProvisioner, RabbitMqBrokerProvisioner>();
        services.AddConnectionPoll(options.Management, broker).AddSingleton<IConnectionWatcher, BridgePresence>();
        services.AddSingleton<IRevocationWatcher, RevokedBridges>();
        if (options.TlsFolder is { } folder)
        {
            services.AddBrokerFiles(folder, NameRegistry.Broker(foundation.Options));
        }
        else
        {
            // The lists are the operator's: only connections are ended.
            services.AddHostedService<RevocationNotices>();
        }
    }
}
