using System.Net;
using System.Text.Json;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

/// <summary>
/// RabbitMQ's management API, as far as provisioning needs it. No policy in it. A read returns null, or nothing, for what
/// isn't there; Ensure and Remove may be called again. Failures are those of <see cref="RabbitMqFailure"/>.
/// </summary>
internal sealed class RabbitMqApi(RabbitMqManagement management)
{
    private const string Mapping = "global-parameters/mqtt_default_vhosts";

    public Task<VhostInfo?> FindVhostAsync(string vhost, CancellationToken cancellationToken) =>
        management.GetAsync($"vhosts/{Escape(vhost)}", RabbitMqJson.Default.VhostInfo, cancellationToken);

    public Task EnsureVhostAsync(string vhost, VhostOrder order, CancellationToken cancellationToken) =>
        management.PutAsync($"vhosts/{Escape(vhost)}", order, RabbitMqJson.Default.VhostOrder, cancellationToken);

    /// <summary>With everything in it; its connections are closed.</summary>
    public Task RemoveVhostAsync(string vhost, CancellationToken cancellationToken) => management.DeleteAsync($"vhosts/{Escape(vhost)}", cancellationToken);

    public Task<UserInfo?> FindUserAsync(string user, CancellationToken cancellationToken) =>
        management.GetAsync($"users/{Escape(user)}", RabbitMqJson.Default.UserInfo, cancellationToken);

    public Task EnsureUserAsync(string user, UserOrder order, CancellationToken cancellationToken) =>
        management.PutAsync($"users/{Escape(user)}", order, RabbitMqJson.Default.UserOrder, cancellationToken);

    /// <summary>With its permissions and limits.</summary>
    public Task RemoveUserAsync(string user, CancellationToken cancellationToken) => management.DeleteAsync($"users/{Escape(user)}", cancellationToken);

    public Task<PermissionInfo[]> PermissionsOfVhostAsync(string vhost, CancellationToken cancellationToken) =>
        management.ListAsync($"vhosts/{Escape(vhost)}/permissions", RabbitMqJson.Default.PermissionInfoArray, cancellationToken);

    public Task<PermissionInfo[]> PermissionsOfUserAsync(string user, CancellationToken cancellationToken) =>
        management.ListAsync($"users/{Escape(user)}/permissions", RabbitMqJson.Default.PermissionInfoArray, cancellationToken);

    public Task EnsurePermissionAsync(string vhost, string user, PermissionOrder order, CancellationToken cancellationToken) =>
        management.PutAsync($"permissions/{Escape(vhost)}/{Escape(user)}", order, RabbitMqJson.Default.PermissionOrder, cancellationToken);

    public Task RemovePermissionAsync(string vhost, string user, CancellationToken cancellationToken) =>
        management.DeleteAsync($"permissions/{Escape(vhost)}/{Escape(user)}", cancellationToken);

    public Task<TopicPermissionInfo[]> TopicPermissionsAsync(string vhost, string user, CancellationToken cancellationToken) =>
        management.ListAsync($"topic-permissions/{Escape(vhost)}/{Escape(user)}", RabbitMqJson.Default.TopicPermissionInfoArray, cancellationToken);

    /// <summary>Of one exchange.</summary>
    public Task EnsureTopicPermissionAsync(string vhost, string user, TopicPermissionOrder order, CancellationToken cancellationToken) =>
        management.PutAsync($"topic-permissions/{Escape(vhost)}/{Escape(user)}", order, RabbitMqJson.Default.TopicPermissionOrder, cancellationToken);

    public Task RemoveTopicPermissionsAsync(string vhost, string user, CancellationToken cancellationToken) =>
        management.DeleteAsync($"topic-permissions/{Escape(vhost)}/{Escape(user)}", cancellationToken);

    public Task<Dictionary<string, int>> VhostLimitsAsync(string vhost, CancellationToken cancellationToken) => LimitsAsync($"vhost-limits/{Escape(vhost)}", cancellationToken);

    public Task EnsureVhostLimitAsync(string vhost, string name, int value, CancellationToken cancellationToken) =>
        management.PutAsync($"vhost-limits/{Escape(vhost)}/{name}", new LimitOrder(value), RabbitMqJson.Default.LimitOrder, cancellationToken);

    public Task<Dictionary<string, int>> UserLimitsAsync(string user, CancellationToken cancellationToken) => LimitsAsync($"user-limits/{Escape(user)}", cancellationToken);

    public Task EnsureUserLimitAsync(string user, string name, int value, CancellationToken cancellationToken) =>
        management.PutAsync($"user-limits/{Escape(user)}/{name}", new LimitOrder(value), RabbitMqJson.Default.LimitOrder, cancellationToken);

    public Task<PolicyInfo?> FindPolicyAsync(string vhost, string name, CancellationToken cancellationToken) =>
        management.GetAsync($"policies/{Escape(vhost)}/{Escape(name)}", RabbitMqJson.Default.PolicyInfo, cancellationToken);

    public Task EnsurePolicyAsync(string vhost, string name, PolicyInfo policy, CancellationToken cancellationToken) =>
        management.PutAsync($"policies/{Escape(vhost)}/{Escape(name)}", policy, RabbitMqJson.Default.PolicyInfo, cancellationToken);

    public Task<QueueInfo?> FindQueueAsync(string vhost, string queue, CancellationToken cancellationToken) =>
        management.GetAsync($"queues/{Escape(vhost)}/{Escape(queue)}?columns=name,durable", RabbitMqJson.Default.QueueInfo, cancellationToken);

    /// <summary>Durable, without arguments: those of an existing queue can't be changed, a policy's can.</summary>
    public Task EnsureQueueAsync(string vhost, string queue, CancellationToken cancellationToken) =>
        management.PutAsync($"queues/{Escape(vhost)}/{Escape(queue)}", new QueueOrder(Durable: true, AutoDelete: false), RabbitMqJson.Default.QueueOrder, cancellationToken);

    public Task RemoveQueueAsync(string vhost, string queue, CancellationToken cancellationToken) =>
        management.DeleteAsync($"queues/{Escape(vhost)}/{Escape(queue)}", cancellationToken);

    public Task RemoveExchangeAsync(string vhost, string exchange, CancellationToken cancellationToken) =>
        management.DeleteAsync($"exchanges/{Escape(vhost)}/{Escape(exchange)}", cancellationToken);

    /// <summary>Durable; everything that is published to it goes to every queue bound to it.</summary>
    public Task EnsureFanoutAsync(string vhost, string exchange, CancellationToken cancellationToken) =>
        management.PutAsync($"exchanges/{Escape(vhost)}/{Escape(exchange)}", new ExchangeOrder("fanout", Durable: true), RabbitMqJson.Default.ExchangeOrder, cancellationToken);

    /// <summary>All of a vHost that is there. Where the broker does not know it (yet), that is no answer: who took it for "none" would drop what has a subscriber.</summary>
    public async Task<Binding[]> BindingsAsync(string vhost, CancellationToken cancellationToken) =>
        await management.GetAsync($"bindings/{Escape(vhost)}", RabbitMqJson.Default.BindingArray, cancellationToken)
        ?? throw RabbitMqFailure.Of(HttpStatusCode.ServiceUnavailable, []);

    public Task<BindingInfo[]> BindingsAsync(string vhost, string exchange, string queue, CancellationToken cancellationToken) =>
        management.ListAsync($"bindings/{Escape(vhost)}/e/{Escape(exchange)}/q/{Escape(queue)}", RabbitMqJson.Default.BindingInfoArray, cancellationToken);

    public Task EnsureBindingAsync(string vhost, string exchange, string queue, string routingKey, CancellationToken cancellationToken) =>
        management.PostAsync($"bindings/{Escape(vhost)}/e/{Escape(exchange)}/q/{Escape(queue)}", new BindingOrder(routingKey), RabbitMqJson.Default.BindingOrder, cancellationToken);

    /// <summary>Which vHost each certificate login ends up in. One parameter for all tenants: change it under <see cref="VhostMapping"/>'s lock only.</summary>
    public async Task<Dictionary<string, string>> ReadMappingAsync(CancellationToken cancellationToken)
    {
        var parameter = await management.GetAsync(Mapping, RabbitMqJson.Default.MappingParameter, cancellationToken);
        try
        {
            return parameter?.Entries ?? [];
        }
        catch (JsonException e)
        {
            throw RabbitMqFailure.Of(e);
        }
    }

    public Task WriteMappingAsync(Dictionary<string, string> mapping, CancellationToken cancellationToken) =>
        management.PutAsync(Mapping, MappingParameter.Of(mapping), RabbitMqJson.Default.MappingParameter, cancellationToken);

    /// <summary>Closes every live connection of the user, on all protocols.</summary>
    public Task CloseConnectionsAsync(string user, string reason, CancellationToken cancellationToken) =>
        management.CloseConnectionsAsync(user, reason, cancellationToken);

    private async Task<Dictionary<string, int>> LimitsAsync(string path, CancellationToken cancellationToken) =>
        (await management.ListAsync(path, RabbitMqJson.Default.LimitsInfoArray, cancellationToken)).FirstOrDefault()?.Value ?? [];

    private static string Escape(string segment) => Uri.EscapeDataString(segment);
}
