using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>At most so many attempts of everybody together per window of time.</summary>
internal sealed class AttemptWindow(TimeProvider time, int limit, TimeSpan window)
{
    private readonly Lock _gate = new();
    private DateTimeOffset _start = time.GetUtcNow();
    private int _attempts;

    /// <summary>Throws 429 <c>too_many_attempts</c> with the time until the window ends.</summary>
    public void ThrowIfExhausted()
    {
        lock (_gate)
        {
            Roll();
            if (_attempts >= limit)
                throw new ProblemException(
                    StatusCodes.Status429TooManyRequests, "too_many_attempts", "Too many attempts. Try again later.", _start + window - time.GetUtcNow());
        }
    }

    public void Count()
    {
        lock (_gate)
        {
            Roll();
            _attempts++;
        }
    }

    private void Roll()
    {
        var now = time.GetUtcNow();
        if (now - _start < window)
            return;
        _start = now;
        _attempts = 0;
    }
}
