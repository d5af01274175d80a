using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

public static class ConnectionPollServices
{
    /// <summary>Thousands of connections take a RabbitMQ a while to list.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <param name="options">Their login sees all connections: tag <c>monitoring</c> or <c>administrator</c>.</param>
    /// <param name="roots">Of <see cref="RabbitMqHttp.Roots"/>.</param>
    public static IServiceCollection AddConnectionPoll<TWatcher>(this IServiceCollection services, RabbitMqManagementOptions options, X509Certificate2Collection roots)
        where TWatcher : class, IConnectionWatcher => services
        .AddSingleton(_ => new RabbitMqConnections(new RabbitMqManagement(RabbitMqHttp.Create(options, roots, CallTimeout))))
        .AddSingleton<IConnectionWatcher, TWatcher>()
        .AddHostedService<ConnectionPoll>();
}
