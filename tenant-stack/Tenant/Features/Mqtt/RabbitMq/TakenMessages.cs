using System.Collections.Concurrent;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>Of one session at a queue, which messages are not acknowledged; and so up to when everything that was received is.</summary>
internal sealed class TakenMessages
{
    private readonly ConcurrentQueue<(ulong Tag, bool Redelivered, DateTimeOffset Before)> _waiting = new();
    private readonly Lock _looking = new();
    private ulong _passed;
    private volatile bool _hasFresh;

    /// <param name="tag">Count up.</param>
    /// <param name="redelivered">An earlier session may have stored it.</param>
    /// <param name="before">Earlier than it is received, and later than the one before was.</param>
    public void Add(ulong tag, bool redelivered, DateTimeOffset before)
    {
        _waiting.Enqueue((tag, redelivered, before));
        _hasFresh |= !redelivered;
    }

    /// <summary>Everything up to this tag is acknowledged.</summary>
    public void Passed(ulong tag) => Volatile.Write(ref _passed, tag);

    /// <summary>
    /// Up to which message, and up to when everything is acknowledged, or null: that is not to be said. A message that an earlier session stored was received then; a broker gives out
    /// what comes again first, so all of it is here once something fresh was.
    /// </summary>
    /// <param name="now">Later than all that was received so far.</param>
    public (ulong Tag, DateTimeOffset To)? Acknowledged(Func<DateTimeOffset> now)
    {
        // In this order: what comes meanwhile is received later than that, or seen below.
        var passed = Volatile.Read(ref _passed);
        var isFresh = _hasFresh;
        var to = now();
        (ulong Tag, bool Redelivered, DateTimeOffset Before)[] waiting;
        lock (_looking)
        {
            while (_waiting.TryPeek(out var first) && first.Tag <= passed)
            {
                _waiting.TryDequeue(out _);
            }

            waiting = _waiting.ToArray();
        }

        return passed == 0 || !isFresh || waiting.Any(message => message.Redelivered) ? null : (passed, waiting is [var oldest, ..] ? oldest.Before : to);
    }
}
