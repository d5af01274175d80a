using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>RabbitMQ: a vHost per tenant, and a user that only the bridge's certificate opens, and that may what the provider answers.</summary>
internal sealed partial class RabbitMqBrokerProvisioner(RabbitMqApi api, VhostMapping mapping, RabbitMqOwnership ownership, AmqpAccount account, RabbitMqOptions options, ILogger<RabbitMqBrokerProvisioner> log) : IBrokerProvisioner
{
    public async Task EnsureTenantAsync(BrokerTenant tenant, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(tenant, cancellationToken);
        try
        {
            foreach (var change in plan)
            {
                await change.ApplyAsync(cancellationToken);
                Changed(tenant.TenantId, change.Difference.What, change.Difference.Expected, change.Difference.Actual);
            }
        }
        finally
        {
            if (tenant.Suspended)
            {
                await CloseAsync(tenant.Login, cancellationToken);
            }
        }
    }

    public async Task RemoveTenantAsync(string tenantId, CancellationToken cancellationToken)
    {
        var tenant = BridgeAccess.For(tenantId);
        var vhost = await api.FindVhostAsync(tenant.Namespace, cancellationToken);
        var user = await api.FindUserAsync(tenant.Login, cancellationToken);
        if (vhost is null || ownership.Owns(vhost))
        {
            await mapping.SetAsync(tenant.Namespace, login: null, cancellationToken);
        }

        if (user is not null && ownership.Owns(user))
        {
            await api.RemoveUserAsync(tenant.Login, cancellationToken);
            await CloseAsync(tenant.Login, cancellationToken);
        }

        if (vhost is not null && ownership.Owns(vhost))
        {
            await api.RemoveVhostAsync(tenant.Namespace, cancellationToken);
        }
    }

    public async Task<BrokerTenant?> InspectAsync(string tenantId, CancellationToken cancellationToken)
    {
        var expected = BridgeAccess.For(tenantId);
        var state = await RabbitMqState.ReadAsync(api, expected, cancellationToken);
        if (state.Vhost is null || state.User is null || !ownership.Owns(state.Vhost) || !ownership.Owns(state.User))
        {
            return null;
        }

        return expected with { Suspended = state.Mapping.GetValueOrDefault(expected.Login) != expected.Namespace };
    }

    public async Task<IReadOnlyList<BrokerDifference>> CompareAsync(BrokerTenant tenant, CancellationToken cancellationToken) =>
        [.. (await PlanAsync(tenant, cancellationToken)).Select(change => change.Difference)];

    private async Task<IReadOnlyList<RabbitMqChange>> PlanAsync(BrokerTenant tenant, CancellationToken cancellationToken)
    {
        var state = await RabbitMqState.ReadAsync(api, tenant, cancellationToken);
        ownership.Require(tenant, state.Vhost, state.User);
        return new RabbitMqPlan(api, mapping, ownership, account, options.Management.User, tenant, state).Make();
    }

    /// <summary>Twice: a login that was under way at the first time is a connection by the second.</summary>
    private async Task CloseAsync(string login, CancellationToken cancellationToken)
    {
        await api.CloseConnectionsAsync(login, "access withdrawn", cancellationToken);
        await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
        await api.CloseConnectionsAsync(login, "access withdrawn", cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Broker of tenant {Tenant}: {What} is now {Expected}, it was {Actual}")]
    private partial void Changed(string tenant, string what, string? expected, string? actual);
}
