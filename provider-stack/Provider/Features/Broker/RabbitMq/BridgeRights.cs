using System.Text;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>What <see cref="BridgeAccess"/> means for RabbitMQ's queues, exchanges and routing keys.</summary>
internal static class BridgeRights
{
    public const string Exchange = "amq.topic";

    /// <summary>Queues of its own MQTT sessions, and the exchange behind all topics. Binding a queue writes to it and reads from the exchange; publishing writes to the exchange.</summary>
    public static bool MayUse(BrokerTenant tenant, string resource, string name, string permission) => resource switch
    {
        "queue" => tenant.Permissions.MaySubscribe && IsSession(tenant, name) && permission is ("configure" or "write" or "read"),
        "exchange" => name == Exchange && permission switch
        {
            "write" => tenant.Permissions.MayPublish,
            "read" => tenant.Permissions.MaySubscribe,
            _ => false,
        },
        _ => false,
    };

    public static bool MayTopic(BrokerTenant tenant, string permission, string routingKey) => permission switch
    {
        "write" => MayPublish(tenant, routingKey),
        // A wildcard is a word of its own.
        "read" => BridgeAccess.TopicsOf(tenant).Subscribable(string.Join('/', Topic(routingKey).Split('/').Select(level => level == "*" ? "+" : level))) is not null,
        _ => false,
    };

    /// <summary>
    /// Whatever its text is: a refusal ends the connection of a bridge that then sends it again, and what can't be stored is a dead letter. But for what no
    /// consumer can be given: a longer routing key (AMQP 0-9-1 4.2.5.3, short string) ends the connection of each that it is delivered to, for ever.
    /// </summary>
    private static bool MayPublish(BrokerTenant tenant, string routingKey)
    {
        var topic = Topic(routingKey);
        return Encoding.UTF8.GetByteCount(routingKey) <= TelemetryFormat.LongestTopic
            && !topic.AsSpan().ContainsAny('+', '#')
            && tenant.PublishFilters.Any(filter => TopicSyntax.Covers(filter, topic));
    }

    /// <summary>RabbitMQ's MQTT plugin makes dots of a topic's slashes, and slashes of its dots.</summary>
    private static string Topic(string routingKey) => string.Create(routingKey.Length, routingKey, (topic, key) =>
    {
        for (var i = 0; i < topic.Length; i++)
        {
            topic[i] = key[i] switch { '.' => '/', '/' => '.', var other => other };
        }
    });

    /// <summary>The queue of an MQTT session, one for each QoS.</summary>
    private static bool IsSession(BrokerTenant tenant, string queue) =>
        queue.StartsWith("mqtt-subscription-" + tenant.ClientIdPrefix, StringComparison.Ordinal)
        && (queue.EndsWith("qos0", StringComparison.Ordinal) || queue.EndsWith("qos1", StringComparison.Ordinal));
}

/// <summary>The platform's own users at RabbitMQ, which takes a certificate's CN for the login.</summary>
internal sealed class BrokerAccountNames(RabbitMqOptions options) : IReservedNames
{
    public ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken) =>
        ValueTask.FromResult(names.CommonName is { } name && (name == AmqpAccount.Name || name == options.Management.User) ? "the platform's users at the broker" : null);
}
