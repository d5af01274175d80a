using System.Collections.Concurrent;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Provider.Features.Events;

namespace IoTPlatform.Provider.Tests.Events;

/// <summary>A bus whose moods the test decides. It also gets the provider's own events.</summary>
internal sealed class RecordingBus : IEventPublisher
{
    private readonly ConcurrentQueue<PlatformEvent> _published = [];

    public bool IsReady { get; set; } = true;

    public IReadOnlySet<string> Subscribed { get; set; } = ForwardedEventReader.Types.ToHashSet(StringComparer.Ordinal);

    public Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken) => Task.FromResult(Subscribed);

    /// <summary>Before anything of a tenant's batch counts as published.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    public IReadOnlyList<PlatformEvent> From(string tenantId) => [.. _published.Where(e => e.Source == tenantId)];

    public async Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken)
    {
        if (events.Any(e => e.Source is not null))
        {
            await Before();
        }

        foreach (var happened in events)
        {
            _published.Enqueue(happened);
        }
    }
}
