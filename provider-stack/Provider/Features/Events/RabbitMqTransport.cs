using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;
using MassTransit;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>The events' bus on RabbitMQ.</summary>
internal static class RabbitMqTransport
{
    private const string ConnectionName = "iotplatform events";

    public static IServiceCollection AddRabbitMqTransport(this IServiceCollection services) => services
        .AddSingleton<EventVhost>()
        .AddSingleton<EventSubscriptions>()
        .AddMassTransit<IEventBus>(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.UsingRabbitMq(Configure);
        });

    private static void Configure(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator rabbit)
    {
        var connections = context.GetRequiredService<AmqpConnections>();
        var vhost = context.GetRequiredService<EventVhost>();
        rabbit.Host(connections.Host, (ushort)connections.Port, EventVhost.Name, ConnectionName, host => host.OnRefreshConnectionFactory = async factory =>
        {
            // Before every connection: whatever was taken away meanwhile is given again.
            await EnsureAsync(vhost);
            connections.Configure(factory, EventVhost.Name);
        });
        rabbit.MessageTopology.SetEntityNameFormatter(new EventNames());
        // The body is the event itself: a reader outside needs to know nothing of MassTransit.
        rabbit.UseRawJsonSerializer(RawSerializerOptions.AddTransportHeaders, isDefault: true);
        rabbit.ConfigureJsonSerializerOptions(json =>
        {
            json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.WriteIndented = false;
            return json;
        });
        // Nothing is published that has no subscriber, and nobody can subscribe to an exchange that is not there.
        rabbit.DeployPublishTopology = true;
        foreach (var type in EventNames.Types)
            rabbit.PublishTopology.GetMessageTopology(type);
        rabbit.ConfigureEndpoints(context);
    }

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
