using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Bus;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Which types of events have a queue at RabbitMQ: those whose exchange leads to one, directly or over other exchanges.</summary>
internal sealed class EventSubscriptions(RabbitMqApi api)
{
    /// <summary>Failures are those of <see cref="RabbitMqApi"/>.</summary>
    public async Task<IReadOnlySet<string>> ReadAsync(CancellationToken cancellationToken) => Leading(await api.BindingsAsync(BusVhost.Name, cancellationToken));

    /// <summary>The exchanges from which a message reaches a queue. The default exchange, which has no name, has a binding to every queue.</summary>
    internal static IReadOnlySet<string> Leading(IReadOnlyCollection<Binding> bindings)
    {
        var sources = bindings.Where(b => b.DestinationType == "exchange").ToLookup(b => b.Destination, b => b.Source, StringComparer.Ordinal);
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(bindings.Where(b => b.DestinationType == "queue").Select(b => b.Source));
        while (open.TryDequeue(out var exchange))
        {
            if (exchange.Length > 0 && found.Add(exchange))
            {
                foreach (var source in sources[exchange])
                {
                    open.Enqueue(source);
                }
            }
        }

        return found;
    }
}

internal static class EventSubscriptionsEndpoint
{
    public static void MapEventSubscriptions(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/events/subscriptions", ReadAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);

    /// <summary>The types of events that have a subscriber now, so that the tenant's stack should send them.</summary>
    private static async Task<Ok<SubscribedEvents>> ReadAsync(string tenantId, HttpContext context, EventForwarding forwarding, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        await forwarding.RequireAdmittedAsync(tenantId, cancellationToken);
        return TypedResults.Ok(new SubscribedEvents { Types = await forwarding.SubscribedTypesAsync(cancellationToken) });
    }
}
