using System.Collections.Frozen;
using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Events;

/// <summary>Where events go: a bus, or the stack that has one.</summary>
public interface IEventPublisher
{
    /// <summary>False if not connected: publishing would fail.</summary>
    bool IsReady { get; }

    /// <summary>The types of events that have a subscriber at this moment. What happens after the call and is of another type may be left out only after asking again.</summary>
    Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken);

    /// <summary>Returns once none of them can be lost any more; those of one scope go out in the order given. After an exception any of them may have been delivered.</summary>
    Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken);
}

/// <summary>Of a stack without a broker, where no program can subscribe to anything.</summary>
public sealed class NoSubscribers : IEventPublisher
{
    public bool IsReady => true;

    public Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlySet<string>>(FrozenSet<string>.Empty);

    public Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken) => Task.CompletedTask;
}
