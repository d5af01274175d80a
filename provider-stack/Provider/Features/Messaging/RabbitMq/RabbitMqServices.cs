using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

internal static class RabbitMqServices
{
    /// <summary>Below a workflow step's limit, so that a step tells what was slow instead of running out of time itself.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    public static void AddRabbitMq(this IServiceCollection services, RabbitMqOptions options, ProviderFoundation foundation)
    {
        services.AddSingleton(options);
        services.AddSingleton(_ => new RabbitMqApi(RabbitMqHttp.Create(options, Password(foundation), Roots(options, foundation.Ca.Authority), CallTimeout)));
        services.AddSingleton(services => new AmqpAccount(services.GetRequiredService<RabbitMqApi>(), services.GetRequiredService<RabbitMqOwnership>(), AmqpAccount.PasswordOf(foundation.Folder)));
        services.AddSingleton(services => new AmqpConnections(options, services.GetRequiredService<AmqpAccount>(), Roots(options, foundation.Ca.Authority), () => foundation.Ca.ServiceCertificate.Context));
        services.AddSingleton<VhostMapping>();
        services.AddSingleton(new RabbitMqOwnership(foundation.Options.PlatformDomain));
        services.AddSingleton<IRabbitMqAuth, BridgeAuth>();
        services.AddSingleton<IBrokerProvisioner, RabbitMqBrokerProvisioner>();
        if (options.TlsFolder is { } folder)
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerCertificate>(provider, options.Names, new BrokerCertificateFiles(folder)));
    }

    private static string Password(ProviderFoundation foundation) => foundation.Settings.Secret(RabbitMqSettings.Password)
        ?? throw new StartupException($"{RabbitMqSettings.Password}_FILE is not set.");

    private static X509Certificate2Collection Roots(RabbitMqOptions options, Authority authority) =>
        options.CaFile is { } file ? [.. Pem.ParseCertificates(File.ReadAllText(file))] : [authority.Chain.Root];
}
