using System.Globalization;
using System.Text.Json.Nodes;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>
/// Everything between what the broker has and what it should have, in the order in which it has to be changed: what grants too much
/// goes first, the way in comes last. A bridge's user has no rights here: RabbitMQ asks the provider (<see cref="BridgeAuth"/>), and a
/// broker that does not ask, or gets no answer, lets no bridge in. The user is there for its limits.
/// </summary>
internal sealed class RabbitMqPlan(RabbitMqApi api, VhostMapping mapping, RabbitMqOwnership ownership, AmqpAccount account, string providerUser, BrokerTenant tenant, RabbitMqState state)
{
    private const string Connections = "max-connections";
    private const string QueueCount = "max-queues";

    /// <summary>Beside what the tenant may have: the provider's consumers, and the management API while it declares a queue.</summary>
    private const int ProviderConnections = 8;
    private const int ProviderQueues = 2;

    private readonly List<RabbitMqChange> _changes = [];

    public IReadOnlyList<RabbitMqChange> Make()
    {
        CloseTheWayIn();
        Vhost();
        User();
        ForeignPermissions();
        Limits();
        Telemetry();
        OpenTheWayIn();
        return _changes;
    }

    private bool LeadsIn => state.Mapping.GetValueOrDefault(tenant.Login) == tenant.Namespace;

    /// <summary>Before anything that could fail: whatever else does, this much is done.</summary>
    private void CloseTheWayIn()
    {
        foreach (var rights in state.UserPermissions)
        {
            Change($"permission of {tenant.Login} in {rights.Vhost}", null, Text(rights), ct => api.RemovePermissionAsync(rights.Vhost, tenant.Login, ct));
        }

        foreach (var (login, vhost) in state.Mapping.Where(m => m.Value == tenant.Namespace && (m.Key != tenant.Login || tenant.Suspended)))
        {
            Change($"mapping of {login}", null, vhost, ct => mapping.SetAsync(tenant.Namespace, LeadsIn && !tenant.Suspended ? tenant.Login : null, ct));
        }
    }

    private void Vhost()
    {
        if (state.Vhost is null)
        {
            Change($"vHost {tenant.Namespace}", "present", null, ct => api.EnsureVhostAsync(tenant.Namespace, new VhostOrder($"Tenant {tenant.TenantId}", ownership.Tag), ct));
        }
    }

    private void User()
    {
        var order = new UserOrder(ownership.Tag);
        if (state.User is not { } user)
        {
            Change($"user {tenant.Login}", "present", null, ct => api.EnsureUserAsync(tenant.Login, order, ct));
        }
        else if (user.PasswordHash.Length > 0)
        {
            Change($"password of {tenant.Login}", null, "set", ct => api.EnsureUserAsync(tenant.Login, order, ct));
        }
        else if (user.Tags is not [var only] || only != ownership.Tag)
        {
            Change($"tags of {tenant.Login}", ownership.Tag, string.Join(' ', user.Tags), ct => api.EnsureUserAsync(tenant.Login, order, ct));
        }
    }

    private void ForeignPermissions()
    {
        foreach (var foreign in state.VhostPermissions.Where(p => p.User != tenant.Login && p.User != providerUser && p.User != AmqpAccount.Name))
        {
            Change($"permission of {foreign.User} in {tenant.Namespace}", null, Text(foreign), ct => api.RemovePermissionAsync(tenant.Namespace, foreign.User, ct));
        }

        foreach (var topics in state.Topics)
        {
            Change(
                $"topic permission of {tenant.Login} in {tenant.Namespace}", null, Text(Order(topics)),
                ct => api.RemoveTopicPermissionsAsync(tenant.Namespace, tenant.Login, ct));
        }
    }

    private void Limits()
    {
        Limit($"{Connections} of {tenant.Namespace}", state.VhostLimits, Connections, tenant.Limits.MaxConnections + ProviderConnections, (name, value, ct) => api.EnsureVhostLimitAsync(tenant.Namespace, name, value, ct));
        Limit($"{QueueCount} of {tenant.Namespace}", state.VhostLimits, QueueCount, tenant.Limits.MaxQueues + ProviderQueues, (name, value, ct) => api.EnsureVhostLimitAsync(tenant.Namespace, name, value, ct));
        Limit($"{Connections} of {tenant.Login}", state.UserLimits, Connections, tenant.Limits.MaxConnections, (name, value, ct) => api.EnsureUserLimitAsync(tenant.Login, name, value, ct));
    }

    private void Limit(string what, Dictionary<string, int> now, string name, int expected, Func<string, int, CancellationToken, Task> ensure)
    {
        if (!now.TryGetValue(name, out var actual) || actual != expected)
        {
            Change(what, Number(expected), now.ContainsKey(name) ? Number(actual) : null, ct => ensure(name, expected, ct));
        }
    }

    private void Telemetry()
    {
        var all = new PermissionOrder(".*", ".*", ".*");
        var providers = state.VhostPermissions.FirstOrDefault(p => p.User == providerUser);
        if (providers is null || Order(providers) != all)
        {
            Change($"permission of {providerUser} in {tenant.Namespace}", Text(all), providers is null ? null : Text(providers), ct => api.EnsurePermissionAsync(tenant.Namespace, providerUser, all, ct));
        }

        foreach (var (name, expected) in TelemetryQueue.Policies)
        {
            if (!Same(state.Policies.GetValueOrDefault(name), expected))
            {
                Change($"policy {name} in {tenant.Namespace}", Text(expected), Text(state.Policies.GetValueOrDefault(name)), ct => api.EnsurePolicyAsync(tenant.Namespace, name, expected, ct));
            }
        }

        foreach (var queue in new[] { TelemetryQueue.Name, TelemetryQueue.Dead }.Where(queue => !state.Queues.Contains(queue)))
        {
            Change($"queue {queue} in {tenant.Namespace}", "present", null, ct => api.EnsureQueueAsync(tenant.Namespace, queue, ct));
        }

        foreach (var routingKey in TelemetryQueue.RoutingKeys.Where(key => !state.Bindings.Any(b => b.RoutingKey == key)))
        {
            Change(
                $"binding of {TelemetryQueue.Name} in {tenant.Namespace}", routingKey, null,
                ct => api.EnsureBindingAsync(tenant.Namespace, BridgeRights.Exchange, TelemetryQueue.Name, routingKey, ct));
        }

        if (state.DeadBindings.Length == 0)
        {
            Change($"binding of {TelemetryQueue.Dead} in {tenant.Namespace}", "present", null, async ct =>
            {
                await api.EnsureFanoutAsync(tenant.Namespace, TelemetryQueue.Dead, ct);
                await api.EnsureBindingAsync(tenant.Namespace, TelemetryQueue.Dead, TelemetryQueue.Dead, "", ct);
            });
        }

        var topics = state.ReaderTopics.FirstOrDefault(t => t.Exchange == TelemetryRights.Topics.Exchange);
        if (topics is null || Order(topics) != TelemetryRights.Topics)
        {
            // Before the permission: without one every topic is allowed.
            Change(
                $"topic permission of {AmqpAccount.Name} in {tenant.Namespace}", Text(TelemetryRights.Topics), topics is null ? null : Text(Order(topics)),
                ct => account.GrantAsync(tenant.Namespace, TelemetryRights.Topics, ct));
        }

        var reader = state.VhostPermissions.FirstOrDefault(p => p.User == AmqpAccount.Name);
        if (reader is null || Order(reader) != TelemetryRights.Permission)
        {
            Change(
                $"permission of {AmqpAccount.Name} in {tenant.Namespace}", Text(TelemetryRights.Permission), reader is null ? null : Text(reader),
                ct => account.GrantAsync(tenant.Namespace, TelemetryRights.Permission, ct));
        }
    }

    private void OpenTheWayIn()
    {
        if (!tenant.Suspended && !LeadsIn)
        {
            Change($"mapping of {tenant.Login}", tenant.Namespace, state.Mapping.GetValueOrDefault(tenant.Login), ct => mapping.SetAsync(tenant.Namespace, tenant.Login, ct));
        }
    }

    private void Change(string what, string? expected, string? actual, Func<CancellationToken, Task> apply) =>
        _changes.Add(new RabbitMqChange(new BrokerDifference(what, expected, actual), apply));

    private static PermissionOrder Order(PermissionInfo p) => new(p.Configure, p.Write, p.Read);

    private static string Text(PermissionInfo p) => Text(Order(p));

    private static TopicPermissionOrder Order(TopicPermissionInfo t) => new(t.Exchange, t.Write, t.Read);

    private static string Text(TopicPermissionOrder t) => $"{t.Exchange}: write {t.Write} read {t.Read}";

    private static string Text(PermissionOrder p) => $"configure {p.Configure} write {p.Write} read {p.Read}";

    private static string? Text(PolicyInfo? p) => p is null ? null : $"{p.ApplyTo} {p.Pattern} {p.Definition.ToJsonString()}";

    private static bool Same(PolicyInfo? now, PolicyInfo expected) =>
        now is not null && now.Pattern == expected.Pattern && now.ApplyTo == expected.ApplyTo && now.Priority == expected.Priority && JsonNode.DeepEquals(now.Definition, expected.Definition);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A difference, and what removes it.</summary>
internal sealed record RabbitMqChange(BrokerDifference Difference, Func<CancellationToken, Task> ApplyAsync);
