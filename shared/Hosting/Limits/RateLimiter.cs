namespace IoTPlatform.Hosting;

/// <summary>
/// The one rate limiter: per key, in memory, bounded. An attempt is reserved before it is made, so that any number of attempts at once
/// count as if they came one after the other; an attempt that turns out well is given back.
/// <para>
/// A key has <paramref name="burst"/> attempts at once. From the last of them on, the next one has to wait for <paramref name="delay"/>,
/// which doubles with every further attempt up to <paramref name="longest"/>. A quiet <paramref name="longest"/> gives one attempt
/// back. Without <paramref name="longest"/> nothing doubles: a plain token bucket.
/// </para>
/// </summary>
public sealed class RateLimiter(TimeProvider time, int burst, TimeSpan delay, TimeSpan? longest = null, int maxKeys = 10_000)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _keys = new(StringComparer.Ordinal);
    private readonly TimeSpan _longest = longest ?? delay;

    // Beyond this many attempts the delay is at its maximum; a key is not punished for longer than it takes to give these back.
    private readonly double _ceiling = burst + Math.Ceiling(Math.Log2((longest ?? delay) / delay));

    internal int Keys
    {
        get
        {
            lock (_gate)
            {
                return _keys.Count;
            }
        }
    }

    /// <summary>Counts an attempt that is about to be made. Throws <see cref="ProblemException"/> 429 <c>too_many_attempts</c> with Retry-After.</summary>
    public Reservation Reserve(string key) => TryReserve(key, out var wait) ?? throw TooMany(wait);

    /// <summary>Counts nothing. Throws the same 429 while the key has to wait.</summary>
    public void ThrowIfWaiting(string key)
    {
        lock (_gate)
        {
            if (_keys.TryGetValue(key, out var entry) && entry.BlockedUntil - time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
            {
                throw TooMany(wait);
            }
        }
    }

    /// <summary>Null: the key has to wait for <paramref name="wait"/>, and nothing was counted.</summary>
    public Reservation? TryReserve(string key, out TimeSpan wait)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (!_keys.TryGetValue(key, out var entry))
            {
                if (_keys.Count >= maxKeys)
                {
                    MakeRoom(now);
                }

                _keys[key] = entry = new Entry();
            }

            wait = entry.BlockedUntil - now;
            if (wait > TimeSpan.Zero)
            {
                return null;
            }

            wait = TimeSpan.Zero;
            entry.Level = Math.Min(LevelAt(entry, now) + 1, _ceiling);
            entry.Last = now;
            var beyond = entry.Level - burst;
            entry.BlockedUntil = beyond < 0 ? now : now + Delay(beyond);
            return new Reservation(this, key, beyond >= 0);
        }
    }

    public static ProblemException TooMany(TimeSpan wait) => new(429, "too_many_attempts", "Too many attempts. Wait before the next one.", wait);

    internal void GiveBack(string key)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(key, out var entry))
            {
                return;
            }

            entry.Level -= 1;
            if (entry.Level <= 0)
            {
                _keys.Remove(key);
            }
            else if (entry.Level < burst)
            {
                entry.BlockedUntil = entry.Last;
            }
        }
    }

    internal void Forget(string key)
    {
        lock (_gate)
        {
            _keys.Remove(key);
        }
    }

    private TimeSpan Delay(double doublings)
    {
        var wait = delay * Math.Pow(2, Math.Ceiling(doublings));
        return wait < _longest ? wait : _longest;
    }

    private double LevelAt(Entry entry, DateTimeOffset now) => Math.Max(0, entry.Level - Math.Max(0, (now - Later(entry.Last, entry.BlockedUntil)) / _longest));

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    // Rare, and a flood of keys pays for it itself: drop what is forgotten, then the oldest tenth.
    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var key in _keys.Where(k => LevelAt(k.Value, now) <= 0).Select(k => k.Key).ToList())
        {
            _keys.Remove(key);
        }

        if (_keys.Count >= maxKeys)
        {
            foreach (var key in _keys.OrderBy(k => k.Value.Last).Take(Math.Max(1, maxKeys / 10)).Select(k => k.Key).ToList())
            {
                _keys.Remove(key);
            }
        }
    }

    private sealed class Entry
    {
        public double Level;
        public DateTimeOffset Last;
        public DateTimeOffset BlockedUntil;
    }
}

/// <summary>An attempt that is counted already; it stays counted unless it is given back.</summary>
/// <param name="Limits">This attempt is the one from which on the key has to wait.</param>
public readonly record struct Reservation(RateLimiter Limiter, string Key, bool Limits)
{
    /// <summary>The attempt was not one, or came to nothing for a reason that is not the caller's.</summary>
    public void GiveBack() => Limiter.GiveBack(Key);

    /// <summary>The attempt turned out well: so did those before it, however many there were.</summary>
    public void Forget() => Limiter.Forget(Key);
}
