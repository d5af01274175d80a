using IoTPlatform.Contracts.Events;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Events;

/// <summary>Knows which operations of the audit log are events, and what they say.</summary>
public interface IEventMapper
{
    /// <summary>The type of event that each action is.</summary>
    IReadOnlyDictionary<string, string> Types { get; }

    /// <summary>Looks up what these operations need, all at once; the result maps each to its event. It reads what never changes: an operation may be mapped again.</summary>
    Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken);
}

/// <summary>All mappers of this stack as one.</summary>
public sealed partial class EventMappers(IEnumerable<IEventMapper> mappers, ILogger<EventMappers> log)
{
    private readonly Dictionary<string, IEventMapper> _mappers =
        mappers.SelectMany(m => m.Types.Keys.Select(action => (action, m))).ToDictionary(p => p.action, p => p.m, StringComparer.Ordinal);

    /// <summary>That any operation can be.</summary>
    public IReadOnlySet<string> Types => _mappers.Select(m => m.Value.Types[m.Key]).ToHashSet(StringComparer.Ordinal);

    /// <summary>The actions that are events of these types.</summary>
    public string[] ActionsOf(IReadOnlySet<string> types) => [.. _mappers.Where(m => types.Contains(m.Value.Types[m.Key])).Select(m => m.Key)];

    /// <summary>In the order of their numbers. An operation that can't be mapped is left out: a fault of the program must not hold up the others.</summary>
    public async Task<List<PlatformEvent>> MapAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken)
    {
        var events = new List<PlatformEvent>(operations.Count);
        foreach (var group in operations.GroupBy(operation => _mappers[operation.Action]))
        {
            var map = await group.Key.PrepareAsync([.. group], cancellationToken);
            foreach (var operation in group)
            {
                try
                {
                    events.Add(map(operation));
                }
                catch (Exception e)
                {
                    NotMapped(e, operation.Sequence, operation.Action);
                }
            }
        }

        events.Sort((a, b) => a.Sequence.CompareTo(b.Sequence));
        return events;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Audit entry {Sequence} ({Action}) could not be published as an event and was left out")]
    private partial void NotMapped(Exception exception, long sequence, string action);
}
