using System.Collections.Concurrent;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;

namespace IoTPlatform.Events.Tests;

/// <summary>A bus whose moods the test decides.</summary>
internal sealed class RecordingPublisher : IEventPublisher
{
    public ConcurrentQueue<PlatformEvent> Published { get; } = [];

    public volatile bool Down;

    /// <summary>Before an event counts as published.</summary>
    public Func<PlatformEvent, Task> Before { get; set; } = _ => Task.CompletedTask;

    public Func<bool> Ready { get; set; } = () => true;

    public bool IsReady => Ready();

    public IReadOnlySet<string> Subscribed { get; set; } = new HashSet<string>(StringComparer.Ordinal) { TenantResumed.Name };

    /// <summary>Every question about subscriptions, before it is answered.</summary>
    public Func<Task> Asked { get; set; } = () => Task.CompletedTask;

    public async Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken)
    {
        await Asked();
        return Subscribed;
    }

    public async Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken)
    {
        if (Down)
        {
            throw new IOException("the bus is down");
        }

        foreach (var happened in events)
        {
            await Before(happened);
            Published.Enqueue(happened);
        }
    }
}
