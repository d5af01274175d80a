using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>Everything the broker has about one tenant, read at one time.</summary>
internal sealed class RabbitMqState
{
    public required VhostInfo? Vhost { get; init; }
    public required UserInfo? User { get; init; }
    public required PermissionInfo[] VhostPermissions { get; init; }
    public required PermissionInfo[] UserPermissions { get; init; }
    public required TopicPermissionInfo[] Topics { get; init; }
    /// <summary>Of the platform's own user.</summary>
    public required TopicPermissionInfo[] ReaderTopics { get; init; }

    public required Dictionary<string, int> VhostLimits { get; init; }
    public required Dictionary<string, int> UserLimits { get; init; }
    public required Dictionary<string, PolicyInfo?> Policies { get; init; }
    public required HashSet<string> Queues { get; init; }
    public required BindingInfo[] Bindings { get; init; }
    public required BindingInfo[] DeadBindings { get; init; }
    public required Dictionary<string, string> Mapping { get; init; }

    /// <summary>Side by side: a pass over a thousand tenants is a thousand round trips, not twelve thousand.</summary>
    public static async Task<RabbitMqState> ReadAsync(RabbitMqApi api, BrokerTenant tenant, CancellationToken cancellationToken)
    {
        var vhost = api.FindVhostAsync(tenant.Namespace, cancellationToken);
        var user = api.FindUserAsync(tenant.Login, cancellationToken);
        var userPermissions = api.PermissionsOfUserAsync(tenant.Login, cancellationToken);
        var mapping = api.ReadMappingAsync(cancellationToken);
        await Task.WhenAll(vhost, user, userPermissions, mapping);
        if (await vhost is null)
        {
            return Of(null, await user, await userPermissions, await mapping);
        }

        var vhostPermissions = api.PermissionsOfVhostAsync(tenant.Namespace, cancellationToken);
        var topics = api.TopicPermissionsAsync(tenant.Namespace, tenant.Login, cancellationToken);
        var readerTopics = api.TopicPermissionsAsync(tenant.Namespace, AmqpAccount.Name, cancellationToken);
        var vhostLimits = api.VhostLimitsAsync(tenant.Namespace, cancellationToken);
        var userLimits = api.UserLimitsAsync(tenant.Login, cancellationToken);
        var policies = TelemetryQueue.Policies.Keys.ToDictionary(name => name, name => api.FindPolicyAsync(tenant.Namespace, name, cancellationToken), StringComparer.Ordinal);
        var queues = new[] { TelemetryQueue.Name, TelemetryQueue.Dead }.ToDictionary(name => name, name => api.FindQueueAsync(tenant.Namespace, name, cancellationToken), StringComparer.Ordinal);
        var bindings = api.BindingsAsync(tenant.Namespace, BridgeRights.Exchange, TelemetryQueue.Name, cancellationToken);
        var deadBindings = api.BindingsAsync(tenant.Namespace, TelemetryQueue.Dead, TelemetryQueue.Dead, cancellationToken);
        await Task.WhenAll([vhostPermissions, topics, readerTopics, vhostLimits, userLimits, bindings, deadBindings, .. policies.Values, .. queues.Values]);
        return new RabbitMqState
        {
            Vhost = await vhost,
            User = await user,
            UserPermissions = await userPermissions,
            Mapping = await mapping,
            VhostPermissions = await vhostPermissions,
            Topics = await topics,
            ReaderTopics = await readerTopics,
            VhostLimits = await vhostLimits,
            UserLimits = await userLimits,
            Policies = policies.ToDictionary(p => p.Key, p => p.Value.Result, StringComparer.Ordinal),
            Queues = [.. queues.Where(q => q.Value.Result is not null).Select(q => q.Key)],
            Bindings = await bindings,
            DeadBindings = await deadBindings,
        };
    }

    private static RabbitMqState Of(VhostInfo? vhost, UserInfo? user, PermissionInfo[] userPermissions, Dictionary<string, string> mapping) => new()
    {
        Vhost = vhost,
        User = user,
        UserPermissions = userPermissions,
        Mapping = mapping,
        VhostPermissions = [],
        Topics = [],
        ReaderTopics = [],
        VhostLimits = [],
        UserLimits = [],
        Policies = [],
        Queues = [],
        Bindings = [],
        DeadBindings = [],
    };
}
