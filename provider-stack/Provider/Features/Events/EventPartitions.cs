using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Provider.Features.Events;

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
                    await publish(happened, token);
            });
}
