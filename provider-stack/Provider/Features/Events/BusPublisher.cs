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
