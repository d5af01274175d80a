using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Events;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;
using MassTransit;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>The events' bus on RabbitMQ.</summary>
internal static class RabbitMqTransport
{
    private const string ConnectionName = "iotplatform events";

    public static void Use(IBusRegistrationConfigurator<IEventBus> bus) => bus.UsingRabbitMq((context, rabbit) =>
    {
        var connections = context.GetRequiredService<AmqpConnections>();
        var vhost = context.GetRequiredService<EventVhost>();
        rabbit.Host(connections.Host, (ushort)connections.Port, EventVhost.Name, ConnectionName, host => host.OnRefreshConnectionFactory = async factory =>
        {
            // Before every connection: whatever somebody took away meanwhile is given again.
            await EnsureAsync(vhost);
            connections.Configure(factory, EventVhost.Name);
        });
        EventServices.Configure(rabbit, context);
    });

    private static async Task EnsureAsync(EventVhost vhost)
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
