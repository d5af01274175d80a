using IoTPlatform.Hosting;

namespace IoTPlatform.Identity;

/// <summary>
/// Password hashing is slow on purpose, so it gets at most half of the processors, and few callers may wait for it. Known addresses of an
/// account have a separate partition: they wait for at most one hash of an unknown caller, never for the queue of unknown callers.
/// </summary>
internal sealed class PasswordQueue
{
    private const int MostWaitingStrangers = 32;
    private const int MostWaitingKnown = 128;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _hashing;
    private readonly Slots _known;
    private readonly Slots _strangers;

    public PasswordQueue() : this(Math.Max(1, Environment.ProcessorCount / 2))
    {
    }

    internal PasswordQueue(int atOnce)
    {
        _hashing = new SemaphoreSlim(atOnce);
        _known = new Slots(MostWaitingKnown, atOnce: MostWaitingKnown);
        _strangers = new Slots(MostWaitingStrangers, atOnce);
    }

    /// <summary>Until disposed, the caller may hash. Throws 503 <c>busy</c> when too many wait, or it takes too long. One attempt at a time has this key: attempts that share it see each other's outcome.</summary>
    public async Task<IDisposable> EnterAsync(string key, bool known, CancellationToken cancellationToken)
    {
        var lane = known ? _known : _strangers;
        var turn = await lane.EnterAsync(key, cancellationToken);
        try
        {
            await WaitAsync(_hashing, cancellationToken);
        }
        catch
        {
            turn.Dispose();
            throw;
        }

        return new Release(() =>
        {
            _hashing.Release();
            turn.Dispose();
        });
    }

    private static async Task WaitAsync(SemaphoreSlim turn, CancellationToken cancellationToken)
    {
        if (!await turn.WaitAsync(LongestWait, cancellationToken))
        {
            throw Busy();
        }
    }

    private static ProblemException Busy() => new(503, "busy", "Too many logins at once.", TimeSpan.FromSeconds(1));

    private sealed class Slots(int mostWaiting, int atOnce)
    {
        private const int Stripes = 16;
        private readonly SemaphoreSlim _lane = new(atOnce);
        private readonly SemaphoreSlim[] _keys = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];
        private int _waiting;

        public async Task<IDisposable> EnterAsync(string key, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _waiting) > mostWaiting)
            {
                Interlocked.Decrement(ref _waiting);
                throw Busy();
            }

            var stripe = _keys[(uint)StringComparer.Ordinal.GetHashCode(key) % Stripes];
            try
            {
                await WaitAsync(stripe, cancellationToken);
                try
                {
                    await WaitAsync(_lane, cancellationToken);
                }
                catch
                {
                    stripe.Release();
                    throw;
                }
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }

            return new Release(() =>
            {
                _lane.Release();
                stripe.Release();
            });
        }
    }

    private sealed class Release(Action action) : IDisposable
    {
        private Action? _action = action;

        public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
    }
}
