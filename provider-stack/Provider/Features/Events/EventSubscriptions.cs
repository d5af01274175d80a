using IoTPlatform.Provider.Features.Bus;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

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
            if (exchange.Length > 0 && found.Add(exchange))
                foreach (var source in sources[exchange])
                    open.Enqueue(source);
        return found;
    }
}
