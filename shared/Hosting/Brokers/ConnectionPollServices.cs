using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

public static class ConnectionPollServices
{
    /// <summary>Thousands of connections take a RabbitMQ a while to list.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>For every <see cref="IConnectionWatcher"/>, in their order.</summary>
    /// <param name="options">Their login sees all connections: tag <c>monitoring</c> or <c>administrator</c>.</param>
    /// <param name="roots">Of <see cref="RabbitMqHttp.Roots"/>.</param>
    public static IServiceCollection AddConnectionPoll(this IServiceCollection services, RabbitMqManagementOptions options, X509Certificate2Collection roots) => services
        .AddSingleton(_ => new RabbitMqConnections(new RabbitMqManagement(RabbitMqHttp.Create(options, roots, CallTimeout))))
        .AddHostedService<ConnectionPoll>();
}
