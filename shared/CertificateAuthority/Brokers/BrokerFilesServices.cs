using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority;

public static class BrokerFilesServices
{
    /// <summary>Certificate, root and revocation lists of a RabbitMQ, kept in its folder.</summary>
    /// <param name="services">Get them.</param>
    /// <param name="folder">Where the broker reads.</param>
    /// <param name="hosts">DNS names and addresses of the broker.</param>
    public static IServiceCollection AddBrokerFiles(this IServiceCollection services, string folder, IReadOnlyList<string> hosts)
    {
        var files = new BrokerCertificateFiles(folder);
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerCertificate>(provider, hosts, files));
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerRevocationLists>(provider, files));
        return services;
    }
}
