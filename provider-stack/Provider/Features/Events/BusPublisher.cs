using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using MassTransit;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>To a broker that keeps what it confirmed.</summary>
internal sealed class BusPublisher(IBusControl bus, EventSubscriptions subscriptions, TimeProvider time) : IEventPublisher
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public bool IsReady => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    public Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken) => subscriptions.ReadAsync(cancellationToken);

    public Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken) => EventPartitions.PublishAsync(events, PublishAsync, cancellationToken);

    private async Task PublishAsync(PlatformEvent happened, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        await bus.Publish(happened, happened.GetType(), Pipe.Execute<PublishContext>(context => context.MessageId = happened.Id), either.Token);
    }
}

/// <summary>Scopes side by side, so that waiting for one confirmation holds up few; within a scope in order.</summary>
internal static class EventPartitions
{
    private const int Partitions = 16;

    public static Task PublishAsync(IReadOnlyList<PlatformEvent> events, Func<PlatformEvent, CancellationToken, Task> publish, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            events.GroupBy(e => e.Scope, StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = Partitions, CancellationToken = cancellationToken },
            async (scope, token) =>
            {
                foreach (var happened in scope)
                {
                    await publish(happened, token);
                }
            });
}
