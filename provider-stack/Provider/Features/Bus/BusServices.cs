using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Workflow;
using MassTransit;

namespace IoTPlatform.Provider.Features.Bus;

internal static class BusServices
{
    /// <summary>Of MassTransit's activity source and meter: a JOIN's trace goes over the bus to the process that does the work.</summary>
    public const string TraceName = "MassTransit";

    /// <summary>One bus for what may leave the process: wake-ups of workflows and, over RabbitMQ, events. The same messages and consumers in memory and on RabbitMQ.</summary>
    public static IServiceCollection AddPlatformBus(this IServiceCollection services, ProviderOptions options)
    {
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.AddConsumer<AdvanceWorkflowConsumer, AdvanceWorkflowEndpoint>();
            if (options.RabbitMq is null)
            {
                bus.UsingInMemory((context, transport) => Configure(transport, context));
            }
            else
            {
                bus.UsingRabbitMq(RabbitMqBus.Configure);
            }
        });
        if (options.RabbitMq is null)
        {
            return services.AddSingleton<IRetryDelivery, InMemoryRetry>();
        }

        return services.AddSingleton<BusVhost>().AddSingleton<IRetryDelivery, RabbitMqRetry>();
    }

    /// <summary>What both transports do the same way: names, bodies, endpoints.</summary>
    public static void Configure<TEndpoint>(IBusFactoryConfigurator<TEndpoint> transport, IBusRegistrationContext context) where TEndpoint : IReceiveEndpointConfigurator
    {
        transport.MessageTopology.SetEntityNameFormatter(new MessageNames());
        // The body is the message itself: a reader outside needs to know nothing of MassTransit.
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
}

/// <summary>Exchanges are called as the messages are: TenantJoined is <c>tenant.joined</c>, and what all events are is <c>platform.event</c>.</summary>
internal sealed partial class MessageNames : IEntityNameFormatter
{
    public string FormatEntityName<T>() =>
        WordStart().Replace(typeof(T).Name, match => match.Index == 0 ? match.Value : "." + match.Value).ToLower(CultureInfo.InvariantCulture);

    [GeneratedRegex("[A-Z]", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex WordStart();
}
