namespace IoTPlatform.Hosting;

/// <summary>Slows guessing down: after a number of failures a key is refused for a time that doubles up to a maximum. In memory, bounded; a key is forgotten after a quiet time of twice the maximum.</summary>
/// <param name="firstDelay">Default 30 s.</param>
/// <param name="maxDelay">Default 15 min.</param>
public sealed class FailureLimiter(TimeProvider time, int freeFailures = 5, TimeSpan? firstDelay = null, TimeSpan? maxDelay = null)
{
    private const int MaxKeys = 10_000;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Failures> _keys = new(StringComparer.Ordinal);
    private readonly TimeSpan _firstDelay = firstDelay ?? TimeSpan.FromSeconds(30);
    private readonly TimeSpan _maxDelay = maxDelay ?? TimeSpan.FromMinutes(15);

    /// <summary>Throws <see cref="ProblemException"/> 429 <c>too_many_attempts</c> with Retry-After while the key is refused.</summary>
    public void ThrowIfBlocked(string key)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_keys.TryGetValue(key, out var failures) && failures.BlockedUntil > now)
            {
                throw new ProblemException(429, "too_many_attempts", "Too many failed attempts. Wait before the next one.", failures.BlockedUntil - now);
            }
        }
    }

    /// <summary>True when this failure is the one that starts a refusal.</summary>
    public bool Failed(string key)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var count = _keys.TryGetValue(key, out var failures) && now < Forgotten(failures) ? failures.Count + 1 : 1;
            if (failures is null && _keys.Count >= MaxKeys)
            {
                MakeRoom(now);
            }

            var blocks = count >= freeFailures;
            _keys[key] = new Failures(count, now, blocks ? now + Delay(count - freeFailures) : now);
            return blocks;
        }
    }

    public void Succeeded(string key)
    {
        lock (_gate)
        {
            _keys.Remove(key);
        }
    }

    private TimeSpan Delay(int doublings) => doublings < 20 && _firstDelay * (1 << doublings) < _maxDelay ? _firstDelay * (1 << doublings) : _maxDelay;

    private DateTimeOffset Forgotten(Failures failures) => failures.Last + (2 * _maxDelay);

    // Rare, and a flood of keys pays for it itself: drop what is forgotten, then the oldest tenth.
    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var key in _keys.Where(k => Forgotten(k.Value) <= now).Select(k => k.Key).ToList())
        {
            _keys.Remove(key);
        }

        if (_keys.Count >= MaxKeys)
        {
            foreach (var key in _keys.OrderBy(k => k.Value.Last).Take(MaxKeys / 10).Select(k => k.Key).ToList())
            {
                _keys.Remove(key);
            }
        }
    }

    private sealed record Failures(int Count, DateTimeOffset Last, DateTimeOffset BlockedUntil);
}
