using IoTPlatform.Contracts.Events;
using IoTPlatform.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.EventWebhooks;

/// <summary>
/// Tells each destination its events, one after the other, in one process per database. How far it got is in the database after each batch: who dies in between tells some again, under the same
/// ids. An event that a destination does not take is tried again with a growing backoff, and put aside in the end, so that those behind it go on.
/// </summary>
internal sealed partial class EventDeliveries(EventWebhookStore store, EventDelivery delivery, NpgsqlDataSource database, TimeProvider time, ILogger<EventDeliveries> log) : BackgroundService
{
    /// <summary>Of an event that the destination refuses; it may be a mistake of a moment.</summary>
    public const int MostRefusals = 3;

    /// <summary>Of an event while the destination is away: more than an hour.</summary>
    public const int MostAttempts = 20;

    private const string Lock = "event webhooks";
    private const int BatchSize = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private AdvisoryLock? _lease;
    private bool _waits;

    /// <summary>2, 4, 8 s … 5 min.</summary>
    /// <param name="attempts">That failed, at least one.</param>
    public static TimeSpan WaitAfter(int attempts) => FirstWait * Math.Pow(2, Math.Min(attempts - 1, 16)) is var wait && wait < LongestWait ? wait : LongestWait;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await StartDueAsync(stoppingToken);
                    _waits = false;
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    await ReleaseAsync();
                    if (!_waits)
                    {
                        Failed(e);
                    }

                    _waits = true;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the platform stops
        }
        finally
        {
            await Task.WhenAll(_underWay.Values);
            await ReleaseAsync();
        }
    }

    private async Task StartDueAsync(CancellationToken cancellationToken)
    {
        if (!await HasTurnAsync(cancellationToken))
        {
            return;
        }

        foreach (var (name, _) in _underWay.Where(one => one.Value.IsCompleted).ToList())
        {
            _underWay.Remove(name);
        }

        foreach (var webhook in (await store.DueAsync(cancellationToken)).Where(webhook => !_underWay.ContainsKey(webhook.Name)))
        {
            _underWay[webhook.Name] = DeliverGuardedAsync(webhook, cancellationToken);
        }
    }

    /// <summary>The lock is there as long as its connection answers.</summary>
    private async Task<bool> HasTurnAsync(CancellationToken cancellationToken)
    {
        if (_lease is null)
        {
            return (_lease = await AdvisoryLock.TryAcquireAsync(database, Lock, TimeSpan.Zero, cancellationToken)) is not null;
        }

        await using var probe = new NpgsqlCommand("SELECT 1", _lease.Connection);
        await probe.ExecuteScalarAsync(cancellationToken);
        return true;
    }

    private async Task DeliverGuardedAsync(EventWebhook webhook, CancellationToken cancellationToken)
    {
        try
        {
            await DeliverAsync(webhook, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What was delivered and not noted comes again, under the same id.
        }
        catch (Exception e)
        {
            NotDelivered(e, webhook.Name);
            await BackOffGuardedAsync(webhook, cancellationToken);
        }
    }

    /// <summary>Whatever went wrong here is not tried again, and logged, every second.</summary>
    private async Task BackOffGuardedAsync(EventWebhook webhook, CancellationToken cancellationToken)
    {
        try
        {
            await store.BackOffAsync(webhook, WaitAfter(webhook.Attempts + 1), "it could not be served; the log says why", cancellationToken);
        }
        catch (Exception)
        {
            // The database is away, as it just was, or the platform stops: it stays due.
        }
    }

    private async Task DeliverAsync(EventWebhook webhook, CancellationToken cancellationToken)
    {
        foreach (var letter in await store.DueLettersAsync(webhook, BatchSize, cancellationToken))
        {
            var outcome = await delivery.SendAsync(webhook, letter.EventId, letter.Body, cancellationToken);
            await (outcome.Result == DeliveryResult.Delivered ? store.ForgetAsync(letter, cancellationToken) : store.ReburyAsync(letter, outcome.Reason!, cancellationToken));
        }

        var page = await store.EventsAsync(webhook, BatchSize, cancellationToken);
        var position = webhook.Position;
        foreach (var happened in page.Events)
        {
            var body = EventDelivery.BodyOf(happened);
            var outcome = await delivery.SendAsync(webhook, happened.Id, body, cancellationToken);
            if (outcome.Result == DeliveryResult.Delivered)
            {
                position = happened.Sequence;
                continue;
            }

            if (position > webhook.Position)
            {
                await store.AdvanceAsync(webhook, position, hasDelivered: true, cancellationToken);
                webhook = webhook with { Position = position, Attempts = 0 };
            }

            await NotTakenAsync(webhook, happened, body, outcome, cancellationToken);
            return;
        }

        if (page.Position > webhook.Position)
        {
            await store.AdvanceAsync(webhook, page.Position, page.Events.Count > 0, cancellationToken);
        }
    }

    private async Task NotTakenAsync(EventWebhook webhook, PlatformEvent happened, string body, DeliveryOutcome outcome, CancellationToken cancellationToken)
    {
        var attempts = webhook.Attempts + 1;
        if (attempts >= (outcome.Result == DeliveryResult.Refused ? MostRefusals : MostAttempts))
        {
            Buried(webhook.Name, happened.Type, happened.Id, outcome.Reason!);
            await store.BuryAsync(webhook, happened, body, outcome.Reason!, cancellationToken);
            return;
        }

        if (attempts == 1)
        {
            BacksOff(webhook.Name, outcome.Reason!);
        }

        var wait = WaitAfter(attempts);
        await store.BackOffAsync(webhook, outcome.RetryAfter is { } asked && asked > wait ? asked : wait, outcome.Reason!, cancellationToken);
    }

    private async ValueTask ReleaseAsync()
    {
        if (_lease is { } lease)
        {
            _lease = null;
            await lease.DisposeAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Event webhooks can't be served at the moment; events wait in the audit log")]
    private partial void Failed(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the event webhook {Name} could not be served; trying again")]
    private partial void NotDelivered(Exception exception, string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the event webhook {Name} did not take an event: {Reason}; trying again, ever more rarely")]
    private partial void BacksOff(string name, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "the event webhook {Name} did not take {Type} {Id}: {Reason}; it is among the dead letters")]
    private partial void Buried(string name, string type, Guid id, string reason);
}
