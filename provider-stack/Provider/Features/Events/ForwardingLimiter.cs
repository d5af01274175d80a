using System.Collections.Concurrent;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Join;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Bounds what one tenant's events can cost: one batch at a time, and so many a minute.</summary>
internal sealed class ForwardingLimiter(TimeProvider time)
{
    public const int BatchesPerMinute = 300;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Turn> _tenants = new(StringComparer.Ordinal);

    /// <summary>Until disposed, the tenant's other batches have to wait. Throws 429.</summary>
    public IDisposable Admit(string tenantId)
    {
        var turn = _tenants.GetOrAdd(tenantId, _ => new Turn(new AttemptWindow(time, BatchesPerMinute, TimeSpan.FromMinutes(1))));
        turn.Take();
        return turn;
    }

    private sealed class Turn(AttemptWindow window) : IDisposable
    {
        private bool _taken;

        public void Take()
        {
            window.ThrowIfExhausted();
            window.Count();
            if (Interlocked.Exchange(ref _taken, true))
                throw new ProblemException(StatusCodes.Status429TooManyRequests, "events_under_way", "Events of this tenant are being published. Send the next ones after them.", Soon);
        }

        public void Dispose() => Volatile.Write(ref _taken, false);
    }
}
