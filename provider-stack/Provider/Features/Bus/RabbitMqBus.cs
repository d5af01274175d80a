using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Workflow;
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
        // Declares all exchanges at start: consumers can bind only to existing ones.
        rabbit.DeployPublishTopology = true;
        BusServices.Configure(rabbit, context);
        foreach (var type in Events)
        {
            rabbit.PublishTopology.GetMessageTopology(type);
        }
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

/// <summary>In a queue of the broker, whose messages go back to the consumers when they expire.</summary>
internal sealed class RabbitMqRetry(IBus bus) : IRetryDelivery
{
    /// <summary>Each has a queue.</summary>
    public static IReadOnlyList<TimeSpan> Delays { get; } = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(120)];

    public TimeSpan DelayFor(TimeSpan wanted) => Delays.FirstOrDefault(delay => delay >= wanted, Delays[^1]);

    public async Task SendAsync(AdvanceWorkflow message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var endpoint = await bus.GetSendEndpoint(new Uri("queue:" + BusVhost.RetryQueue(delay)));
        await endpoint.Send(message, cancellationToken);
    }
}
