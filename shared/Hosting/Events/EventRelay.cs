using IoTPlatform.Contracts.Events;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Hosting.Events;

/// <summary>
/// Publishes what the audit log holds, in its order, and remembers how far it got only after the bus has it: a crash in between
/// publishes again, under the same id.
/// </summary>
internal sealed partial class EventRelay(
    NpgsqlDataSource database, IEnumerable<IEventTranslator> translators, IEventPublisher publisher, TimeProvider time, ILogger<EventRelay> log)
    : Relay(database, Lock, publisher, time, log)
{
    /// <summary>"iot-evnt" in ASCII.</summary>
    private const long Lock = 0x696f742d65766e74;

    private const int BatchSize = 500;

    private readonly ILogger _log = log;

    private readonly Dictionary<string, IEventTranslator> _translators =
        translators.SelectMany(t => t.Actions.Select(action => (action, t))).ToDictionary(p => p.action, p => p.t, StringComparer.Ordinal);

    protected override async Task<bool> RelayAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var outbox = new AuditOutbox(connection);
        var acts = await outbox.ReadAsync(BatchSize, cancellationToken);
        if (acts.Count == 0)
            return false;
        if (await TranslateAsync(acts, cancellationToken) is { Count: > 0 } events)
            await Publisher.PublishAsync(events, cancellationToken);
        await outbox.AdvanceAsync(acts[^1].Sequence, cancellationToken);
        return acts.Count == BatchSize;
    }

    /// <summary>In the order of the acts.</summary>
    private async Task<IReadOnlyList<PlatformEvent>> TranslateAsync(IReadOnlyList<RecordedAct> acts, CancellationToken cancellationToken)
    {
        var events = new List<PlatformEvent>(acts.Count);
        foreach (var group in acts.GroupBy(act => _translators.GetValueOrDefault(act.Action)))
        {
            if (group.Key is null)
                continue;
            var translate = await group.Key.PrepareAsync([.. group], cancellationToken);
            foreach (var act in group)
            {
                try
                {
                    events.Add(translate(act));
                }
                catch (Exception e)
                {
                    // A fault of the program: stopping here would hold up everybody's events for ever.
                    Untold(e, act.Sequence, act.Action);
                }
            }
        }

        events.Sort((a, b) => a.Sequence.CompareTo(b.Sequence));
        return events;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Audit entry {Sequence} ({Action}) could not be told as an event and was left out")]
    private partial void Untold(Exception exception, long sequence, string action);
}
