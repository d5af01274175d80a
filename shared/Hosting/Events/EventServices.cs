using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Hosting.Events;

public static class EventServices
{
    private const int OutageRetries = 100;

    /// <summary>The relay from the audit log to the bus, the inbox, and the consumers. Which acts are events is said by every <see cref="IEventTranslator"/>.</summary>
    /// <param name="consumers">Each on a queue of its own.</param>
    /// <param name="broker">Makes the bus one of a broker that keeps messages; null: in memory. Calls <see cref="Configure"/>.</param>
    public static IServiceCollection AddEvents(
        this IServiceCollection services, IReadOnlyList<EventConsumer> consumers, Action<IBusRegistrationConfigurator<IEventBus>>? broker = null)
    {
        services.AddMassTransit<IEventBus>(bus =>
        {
            bus.DisableUsageTelemetry();
            foreach (var consumer in consumers)
                foreach (var happened in consumer.Events)
                    bus.AddConsumer(consumer.Consumer.MakeGenericType(happened)).Endpoint(endpoint => endpoint.Name = consumer.Name);
            bus.AddConfigureEndpointsCallback((_, endpoint) => Configure(endpoint));
            if (broker is not null)
                broker(bus);
            else
                bus.UsingInMemory((context, transport) => Configure(transport, context));
        });
        foreach (var consumer in consumers)
            services.AddSingleton(consumer);
        if (broker is not null)
            services.AddEventRelay<BusDelivery>();
        else
            services.AddEventRelay<InMemoryDelivery>();
        services.AddSingleton<Inbox>();
        return services.AddHostedService<InboxSweeper>();
    }

    /// <summary>Only the relay from the audit log to this publisher: for a stack without a bus.</summary>
    public static IServiceCollection AddEventRelay<TPublisher>(this IServiceCollection services) where TPublisher : class, IEventPublisher
    {
        services.AddSingleton<IEventPublisher, TPublisher>();
        services.AddSingleton<EventRelay>();
        return services.AddHostedService(provider => provider.GetRequiredService<EventRelay>());
    }

    /// <summary>What both transports do the same way: names, bodies, endpoints.</summary>
    public static void Configure<TEndpoint>(IBusFactoryConfigurator<TEndpoint> transport, IBusRegistrationContext context) where TEndpoint : IReceiveEndpointConfigurator
    {
        transport.MessageTopology.SetEntityNameFormatter(new EventNames());
        // The body is the event itself: who reads it from outside needs to know nothing of MassTransit.
        transport.UseRawJsonSerializer(RawSerializerOptions.AddTransportHeaders, isDefault: true);
        transport.ConfigureJsonSerializerOptions(json =>
        {
            json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.WriteIndented = false;
            return json;
        });
        transport.ConfigureEndpoints(context);
    }

    private static void Configure(IReceiveEndpointConfigurator endpoint)
    {
        // A message that can't be handled goes to the error queue; nobody listens to MassTransit's own announcement of it.
        endpoint.PublishFaults = false;
        // A database that is away is no fault of the message: it stays where it is until the database is back.
        endpoint.UseMessageRetry(retry =>
        {
            retry.Handle<NpgsqlException>(e => e.IsTransient);
            retry.Exponential(OutageRetries, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(500));
        });
    }
}
