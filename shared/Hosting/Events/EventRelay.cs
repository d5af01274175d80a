using IoTPlatform.Contracts.Events;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Hosting.Events;

/// <summary>
/// Publishes what the audit log holds, in its order, and remembers how far it got only after the bus has it: a crash in between
/// publishes again, under the same id.
/// </summary>
internal sealed partial class EventRelay(
    NpgsqlDataSource database, IEnumerable<IEventTranslator> translators, IEventPublisher publisher, TimeProvider time, ILogger<EventRelay> log) : BackgroundService
{
    private const int BatchSize = 500;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, IEventTranslator> _translators =
        translators.SelectMany(t => t.Actions.Select(action => (action, t))).ToDictionary(p => p.action, p => p.t, StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var lease = publisher.IsReady ? await RelayLease.TryAcquireAsync(database, stoppingToken) : null;
                while (lease is not null && publisher.IsReady)
                {
                    var read = await RelayAsync(lease, stoppingToken);
                    if (failures > 0)
                        GoesOn();
                    failures = 0;
                    if (read < BatchSize)
                        await Task.Delay(PollInterval, time, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (failures++ == 0)
                    Waits(e);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await PauseAsync(failures, stoppingToken);
        }
    }

    private async Task PauseAsync(int failures, CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures), LongestPause.TotalSeconds));
        await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<int> RelayAsync(RelayLease lease, CancellationToken cancellationToken)
    {
        var acts = await lease.ReadAsync(BatchSize, cancellationToken);
        if (acts.Count == 0)
            return 0;
        if (await TranslateAsync(acts, cancellationToken) is { Count: > 0 } events)
            await publisher.PublishAsync(events, cancellationToken);
        await lease.AdvanceAsync(acts[^1].Sequence, cancellationToken);
        return acts.Count;
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events can't be published at the moment; they wait in the audit log")]
    private partial void Waits(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Events are published again")]
    private partial void GoesOn();

    [LoggerMessage(Level = LogLevel.Error, Message = "Audit entry {Sequence} ({Action}) could not be told as an event and was left out")]
    private partial void Untold(Exception exception, long sequence, string action);
}
