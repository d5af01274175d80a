using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Hosting.Events;

/// <summary>Knows which acts of the audit log are events, and what they tell.</summary>
public interface IEventTranslator
{
    IReadOnlySet<string> Actions { get; }

    /// <summary>Looks up what these acts need, all at once; the result turns each into its event. It reads what never changes: an act may be translated again.</summary>
    Task<Func<RecordedAct, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedAct> acts, CancellationToken cancellationToken);
}
