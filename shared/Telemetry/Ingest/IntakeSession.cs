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
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<string?>> _waiting = [];
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _lastTag;

    internal IntakeSession(string tenantId, TelemetryIntake intake)
    {
        _tenantId = tenantId;
        _intake = intake;
    }

    Task<string> ITelemetrySource.Ended => _ended.Task;

    List<byte[]>? ITelemetrySource.StoredBefore { get; set; }

    /// <summary>
    /// Returns null when the message is committed, or one of <see cref="TelemetryRefusal"/>. Throws <see cref="IOException"/> where it was not stored, or
    /// <see cref="TimeoutException"/> where that is not known within 10 s; it may be sent again. Giving up ends the waiting only: the message may be stored.
    /// </summary>
    /// <param name="topic">Its levels may end at dots.</param>
    /// <param name="payload">Is not kept.</param>
    /// <param name="redelivered">The client says that it may have sent it before.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<string?> StoreAsync(string topic, ReadOnlySpan<byte> payload, bool redelivered, CancellationToken cancellationToken)
    {
        if (!TelemetryParser.TryParse(_tenantId, topic, payload, _intake.Now(), _intake.Options, out var message, out var refusal))
        {
            return Task.FromResult<string?>(Refused(refusal));
        }

        var tag = Interlocked.Increment(ref _lastTag);
        var outcome = _waiting[tag] = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        return StoreAsync(new TelemetryDelivery(this, tag, redelivered, message), outcome.Task, cancellationToken).WaitAsync(LongestWait, _intake.Time, cancellationToken);
    }

    void ITelemetrySource.Acknowledge(ulong tag) => Complete(tag, refusal: null);

    Task ITelemetrySource.RefuseAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body, string reason)
    {
        Complete(tag, Refused(reason));
        return Task.CompletedTask;
    }

    void ITelemetrySource.End(string reason) => End(reason);

    private async Task<string?> StoreAsync(TelemetryDelivery delivery, Task<string?> outcome, CancellationToken cancellationToken)
    {
        try
        {
            await QueueAsync(delivery, cancellationToken);
            return await outcome.WaitAsync(cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(delivery.Tag, out _);
        }
    }

    private async Task QueueAsync(TelemetryDelivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            await _intake.Queue.WriteAsync(delivery, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            End("the host stops");
        }

        // Ended while it was on its way into the queue: the writer skips it.
        if (_ended.Task.IsCompleted)
        {
            End(await _ended.Task);
        }
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
    }
}
