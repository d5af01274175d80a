using System.Text.RegularExpressions;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>A bridge's rights as RabbitMQ's regular expressions, all anchored.</summary>
internal static class BridgeRights
{
    public const string Exchange = "amq.topic";
    private const string Nothing = "^$";

    /// <summary>Queues of the MQTT plugin (mqtt-subscription-{client id}qos{0,1}) of its own client ids, and the exchange behind all topics.</summary>
    public static PermissionOrder Permission(BrokerTenant tenant)
    {
        var queues = tenant.Permissions.MaySubscribe ? $@"mqtt-subscription-{Regex.Escape(tenant.ClientIdPrefix)}.*qos[01]" : null;
        var exchange = Regex.Escape(Exchange);
        return new PermissionOrder(
            Configure: Only(queues),
            // Binding a queue writes to it and reads from the exchange; publishing writes to the exchange.
            Write: Only(queues, tenant.Permissions.MayPublish ? exchange : null),
            Read: Only(queues, tenant.Permissions.MaySubscribe ? exchange : null));
    }

    public static TopicPermissionOrder Topics(BrokerTenant tenant) => new(
        Exchange,
        Write: Only([.. tenant.PublishFilters.Select(RoutingKeys)]),
        Read: Only([.. tenant.SubscribeFilters.Select(RoutingKeys)]));

    private static string Only(params string?[] alternatives)
    {
        var some = alternatives.Where(a => a is not null).ToList();
        return some.Count == 0 ? Nothing : $"^({string.Join('|', some)})$";
    }

    /// <summary>A topic's levels are a routing key's words. "#" stands for its parent level, too (MQTT 3.1.1 section 4.7.1.2).</summary>
    private static string RoutingKeys(string filter)
    {
        if (filter == "#")
        {
            return ".*";
        }

        var all = filter.EndsWith("/#", StringComparison.Ordinal);
        var levels = (all ? filter[..^2] : filter).Split('/').Select(level => level == "+" ? "[^.]*" : Regex.Escape(level.Replace('.', '/')));
        return string.Join(@"\.", levels) + (all ? @"(\..*)?" : "");
    }
}

/// <summary>The platform's own users at RabbitMQ, which takes a certificate's CN for the login.</summary>
internal sealed class BrokerAccountNames(RabbitMqOptions options) : IReservedNames
{
    public ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken) =>
        ValueTask.FromResult(names.CommonName is { } name && (name == AmqpAccount.Name || name == options.Management.User) ? "the platform's users at the broker" : null);
}
