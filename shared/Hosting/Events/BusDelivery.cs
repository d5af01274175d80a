using IoTPlatform.Contracts.Events;
using MassTransit;
using MassTransit.Transports;

namespace IoTPlatform.Hosting.Events;

/// <summary>To a broker that keeps what it confirmed.</summary>
internal sealed class BusDelivery(IBusInstance<IEventBus> bus, TimeProvider time) : IEventPublisher
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public bool IsReady => bus.BusControl.CheckHealth().Status == BusHealthStatus.Healthy;

    public Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken) => EventLanes.PublishAsync(events, PublishAsync, cancellationToken);

    private async Task PublishAsync(PlatformEvent happened, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        await bus.Bus.Publish(happened, happened.GetType(), Pipe.Execute<PublishContext>(context => context.MessageId = happened.Id), either.Token);
    }
}
