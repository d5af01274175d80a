using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>Bounds guessing at JOIN keys: per caller with growing pauses, and for all callers together.</summary>
internal sealed class GuessLimiter(TimeProvider time)
{
    /// <summary>Enough for a fleet of operators who mistype; far too few to find one of 2^80 keys.</summary>
    private const int RefusalsPerMinute = 300;

    private readonly FailureLimiter _perCaller = new(time, freeFailures: 10, firstDelay: TimeSpan.FromSeconds(5), maxDelay: TimeSpan.FromMinutes(5));
    private readonly AttemptWindow _everybody = new(time, RefusalsPerMinute, TimeSpan.FromMinutes(1));

    /// <summary>Throws 429 before anything is looked up.</summary>
    public void Admit(string caller)
    {
        _perCaller.ThrowIfBlocked(caller);
        _everybody.ThrowIfExhausted();
    }

    /// <summary>True when the caller is slowed down from now on.</summary>
    public bool Refused(string caller)
    {
        _everybody.Count();
        return _perCaller.Failed(caller);
    }

    public void Accepted(string caller) => _perCaller.Succeeded(caller);
}
