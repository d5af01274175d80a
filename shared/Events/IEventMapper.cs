using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Events;

/// <summary>Knows which operations of the audit log are events, and what they say.</summary>
public interface IEventMapper
{
    /// <summary>The type of event that each action is.</summary>
    IReadOnlyDictionary<string, string> Types { get; }

    /// <summary>Looks up what these operations need, all at once; the result maps each to its event. It reads what never changes: an operation may be mapped again.</summary>
    Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken);
}
