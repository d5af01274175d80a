using System.Collections.Concurrent;
using System.Threading.Channels;

namespace IoTPlatform.Telemetry.Ingest;

/// <summary>One connection of a client that waits for each message's outcome. Any number of messages may be waited for at once.</summary>
public sealed class IntakeSession : ITelemetrySource
{
    /// <summary>For the commit: while the database is away a client had better wait by itself.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly string _tenantId;
    private readonly TelemetryIntake _intake;
    private readonly TaskCreationOptions _awaiters;
    private readonly ConcurrentDictionary<ulong, Waiter> _waiting = [];
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _deadline;
    private ulong _lastTag;
    private int _armed;

    internal IntakeSession(string tenantId, TelemetryIntake intake, TaskCreationOptions awaiters)
    {
        _tenantId = tenantId;
        _intake = intake;
        _awaiters = awaiters;
        _deadline = intake.Time.CreateTimer(_ => ExpireWaiting(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    Task<string> ITelemetrySource.Ended => _ended.Task;

    /// <summary>Nothing is redelivered here.</summary>
    Dictionary<string, List<byte[]>> ITelemetrySource.StoredBefore => [];

    /// <summary>
    /// Returns null when the message is committed, or one of <see cref="TelemetryRefusal"/>. Throws <see cref="IOException"/> where it was not stored, or
    /// <see cref="TimeoutException"/> where that is not known within 10 s; it may be sent again. Giving up ends the waiting only: the message may be stored.
    /// </summary>
    /// <param name="topic">Its levels may end at dots.</param>
    /// <param name="payload">Is not kept.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<string?> StoreAsync(string topic, ReadOnlySpan<byte> payload, CancellationToken cancellationToken)
    {
        if (!TelemetryParser.TryParse(_tenantId, topic, payload, _intake.Now(), _intake.Options, out var message, out var refusal))
        {
            return Task.FromResult<string?>(Refused(refusal));
        }

        var tag = Interlocked.Increment(ref _lastTag);
        var outcome = _waiting[tag] = new Waiter(_intake.Time.GetTimestamp(), _awaiters);
        Arm();
        var delivery = new TelemetryDelivery(this, tag, redelivered: false, message);
        if (!_intake.Queue.TryWrite(delivery))
        {
            _ = QueueAsync(delivery);
        }
        else if (_ended.Task.IsCompleted)
        {
            // Ended while it was on its way into the queue: the writer skips it.
            End(_ended.Task.Result);
        }

        return cancellationToken.CanBeCanceled ? outcome.Task.WaitAsync(cancellationToken) : outcome.Task;
    }

    void ITelemetrySource.Acknowledge(ulong tag) => Complete(tag, refusal: null);

    Task ITelemetrySource.RefuseAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body, string reason)
    {
        Complete(tag, Refused(reason));
        return Task.CompletedTask;
    }

    void ITelemetrySource.End(string reason) => End(reason);

    private async Task QueueAsync(TelemetryDelivery delivery)
    {
        try
        {
            await _intake.Queue.WriteAsync(delivery);
        }
        catch (ChannelClosedException)
        {
            End("the host stops");
        }

        if (_ended.Task.IsCompleted)
        {
            End(await _ended.Task);
        }
    }

    /// <summary>One timer for all that wait: one each would cost as much as the rest of the way to the writer.</summary>
    private void Arm()
    {
        if (Interlocked.Exchange(ref _armed, 1) == 0)
        {
            _deadline.Change(LongestWait, Timeout.InfiniteTimeSpan);
        }
    }

    private void DisarmIfIdle()
    {
        if (!_waiting.IsEmpty)
        {
            return;
        }

        _deadline.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Volatile.Write(ref _armed, 0);
        if (!_waiting.IsEmpty)
        {
            // Came meanwhile, and found it armed.
            Arm();
        }
    }

    private void ExpireWaiting()
    {
        var next = LongestWait;
        foreach (var (tag, waiter) in _waiting)
        {
            var left = LongestWait - _intake.Time.GetElapsedTime(waiter.Since);
            if (left > TimeSpan.Zero)
            {
                next = left < next ? left : next;
            }
            else if (_waiting.TryRemove(tag, out _))
            {
                waiter.TrySetException(new TimeoutException("It is not known whether the message was stored."));
            }
        }

        _deadline.Change(next, Timeout.InfiniteTimeSpan);
        DisarmIfIdle();
    }

    private string Refused(string reason)
    {
        _intake.Metrics.Refused(_tenantId, reason);
        return reason;
    }

    private void Complete(ulong tag, string? refusal)
    {
        if (_waiting.TryRemove(tag, out var outcome))
        {
            outcome.TrySetResult(refusal);
            DisarmIfIdle();
        }
    }

    /// <summary>What was not stored yet fails, and is not stored. Idempotent.</summary>
    public void End(string reason)
    {
        _ended.TrySetResult(reason);
        foreach (var tag in _waiting.Keys)
        {
            if (_waiting.TryRemove(tag, out var outcome))
            {
                outcome.TrySetException(new IOException($"The message was not stored: {reason}."));
            }
        }

        DisarmIfIdle();
    }

    private sealed class Waiter(long since, TaskCreationOptions awaiters) : TaskCompletionSource<string?>(awaiters)
    {
        public long Since => since;
    }
}
