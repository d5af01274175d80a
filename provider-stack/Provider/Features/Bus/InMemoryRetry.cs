using System.Collections.Concurrent;
using IoTPlatform.Provider.Features.Workflow;
using MassTransit;

namespace IoTPlatform.Provider.Features.Bus;

/// <summary>By a timer. What a process that ends had planned is found by the sweep at the next start.</summary>
internal sealed class InMemoryRetry(IBus bus, TimeProvider time) : IRetryDelivery, IDisposable
{
    private readonly ConcurrentDictionary<Guid, ITimer> _timers = new();

    public TimeSpan DelayFor(TimeSpan wanted) => wanted;

    public Task SendAsync(AdvanceWorkflow message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid();
        var timer = _timers[id] = time.CreateTimer(_ => Fire(id, message), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(delay, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        foreach (var timer in _timers.Values)
        {
            timer.Dispose();
        }
    }

    private void Fire(Guid id, AdvanceWorkflow message)
    {
        if (_timers.TryRemove(id, out var timer))
        {
            timer.Dispose();
        }
        // In memory it is queued at once, or the process is ending.
        _ = bus.Publish(message, CancellationToken.None);
    }
}
