using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Hosting.Events;

/// <summary>The bus, as the relay sees it.</summary>
internal interface IEventPublisher
{
    /// <summary>Connected, and every consumer of this process has its queue.</summary>
    bool IsReady { get; }

    /// <summary>Returns once the event can't be lost any more.</summary>
    Task PublishAsync(PlatformEvent happened, CancellationToken cancellationToken);
}
