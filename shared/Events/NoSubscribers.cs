using System.Collections.Frozen;
using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Events;

/// <summary>Of a stack without a broker, where no program can subscribe to anything.</summary>
public sealed class NoSubscribers : IEventPublisher
{
    public bool IsReady => true;

    public Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlySet<string>>(FrozenSet<string>.Empty);

    public Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken) => Task.CompletedTask;
}
