using IoTPlatform.Pki;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.RabbitMq;

public static class ConnectionPollServices
{
    /// <summary>Thousands of connections take a RabbitMQ a while to list.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>For every <see cref="IConnectionWatcher"/>, in their order.</summary>
    /// <param name="options">Their login sees all connections: tag <c>monitoring</c> or <c>administrator</c>.</param>
    /// <param name="broker">Of <see cref="RabbitMqHttp.Broker"/>.</param>
    public static IServiceCollection AddConnectionPoll(this IServiceCollection services, RabbitMqManagementOptions options, ServerVerifier broker) => services
        .AddSingleton(_ => new RabbitMqConnections(new RabbitMqManagement(RabbitMqHttp.Create(options, broker, CallTimeout))))
        .AddHostedService<ConnectionPoll>();
}
