using System.Collections.Concurrent;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Bounds what one tenant's events can cost: one batch at a time, and so many a minute.</summary>
internal sealed class ForwardingLimiter(TimeProvider time)
{
    public const int BatchesPerMinute = 300;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly RateLimiter _batches = new(time, BatchesPerMinute, TimeSpan.FromMinutes(1) / BatchesPerMinute);
    private readonly ConcurrentDictionary<string, Turn> _underWay = new(StringComparer.Ordinal);

    /// <summary>Until disposed, the tenant's other batches have to wait. Throws 429.</summary>
    public IDisposable Admit(string tenantId)
    {
        _batches.Reserve(tenantId);
        var turn = new Turn(_underWay, tenantId);
        return _underWay.TryAdd(tenantId, turn)
            ? turn
            : throw new ProblemException(StatusCodes.Status429TooManyRequests, "events_under_way", "Events of this tenant are being published. Send the next ones after them.", Soon);
    }

    private sealed class Turn(ConcurrentDictionary<string, Turn> underWay, string tenantId) : IDisposable
    {
        public void Dispose() => underWay.TryRemove(KeyValuePair.Create(tenantId, this));
    }
}
