using System.Collections.Concurrent;
using IoTPlatform.Contracts.Events;
using MassTransit;
using MassTransit.Transports;

namespace IoTPlatform.Hosting.Events;

/// <summary>To the consumers of this process. Memory keeps nothing, so an event counts as delivered only when they are through with it.</summary>
internal sealed class InMemoryDelivery : IEventPublisher, IReceiveObserver
{
    private readonly IBusInstance<IEventBus> _bus;
    private readonly ILookup<Type, EventConsumer> _consumers;
    private readonly ConcurrentDictionary<Guid, Waiting> _waiting = new();

    public InMemoryDelivery(IBusInstance<IEventBus> bus, IEnumerable<EventConsumer> consumers)
    {
        _bus = bus;
        _consumers = consumers.SelectMany(consumer => consumer.Events.Select(type => (type, consumer))).ToLookup(p => p.type, p => p.consumer);
        bus.Bus.ConnectReceiveObserver(this);
    }

    public bool IsReady => _bus.BusControl.CheckHealth().Status == BusHealthStatus.Healthy;

    /// <summary>Only what somebody wants: nobody else can hear the others.</summary>
    public Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken) =>
        EventLanes.PublishAsync([.. events.Where(happened => _consumers[happened.GetType()].Any(reader => reader.Wants(happened)))], PublishAsync, cancellationToken);

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    /// <summary>After the consumer, or after the message went to the error queue.</summary>
    public Task PostReceive(ReceiveContext context) => ReceivedAsync(context);

    public Task ReceiveFault(ReceiveContext context, Exception exception) => ReceivedAsync(context);

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class => Task.CompletedTask;

    private async Task PublishAsync(PlatformEvent happened, CancellationToken cancellationToken)
    {
        var waiting = _waiting[happened.Id] = new Waiting(_consumers[happened.GetType()].Count());
        try
        {
            await _bus.Bus.Publish(happened, happened.GetType(), Pipe.Execute<PublishContext>(context => context.MessageId = happened.Id), cancellationToken);
            await waiting.Done.WaitAsync(cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(happened.Id, out _);
        }
    }

    private Task ReceivedAsync(ReceiveContext context)
    {
        if (context.TransportHeaders.Get<Guid>(MessageHeaders.MessageId) is { } id && _waiting.TryGetValue(id, out var waiting))
            waiting.Received();
        return Task.CompletedTask;
    }

    private sealed class Waiting(int readers)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = readers;

        public Task Done => _done.Task;

        public void Received()
        {
            if (Interlocked.Decrement(ref _left) == 0)
                _done.TrySetResult();
        }
    }
}
