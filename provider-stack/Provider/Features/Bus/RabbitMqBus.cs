using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;
using MassTransit;

namespace IoTPlatform.Provider.Features.Bus;

/// <summary>The bus on RabbitMQ.</summary>
internal static class RabbitMqBus
{
    private const string ConnectionName = "iotplatform bus";

    private static readonly Type[] Events =
        [.. typeof(PlatformEvent).Assembly.GetTypes().Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(PlatformEvent)))];

    public static void Configure(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator rabbit)
    {
        var connections = context.GetRequiredService<AmqpConnections>();
        var vhost = context.GetRequiredService<BusVhost>();
        rabbit.Host(connections.Host, (ushort)connections.Port, BusVhost.Name, ConnectionName, host => host.OnRefreshConnectionFactory = async factory =>
        {
            // Before every connection: whatever was taken away meanwhile is given again.
            await EnsureAsync(vhost);
            connections.Configure(factory, BusVhost.Name);
        });
        rabbit.OverrideDefaultBusEndpointQueueName(BusVhost.Answers + Guid.NewGuid().ToString("N"));
        // Nothing is published that has no subscriber, and nobody can subscribe to an exchange that is not there.
        rabbit.DeployPublishTopology = true;
        BusServices.Configure(rabbit, context);
        foreach (var type in Events)
            rabbit.PublishTopology.GetMessageTopology(type);
    }

    private static async Task EnsureAsync(BusVhost vhost)
    {
        try
        {
            await vhost.EnsureAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is ProblemException or DependencyDownException)
        {
            // MassTransit tries again after this exception, and gives up after others.
            throw new RabbitMqConnectionException(e.Message, e);
        }
    }
}
