namespace IoTPlatform.Hosting;

/// <summary>Slows guessing down: after a number of failures a key is refused for a time that doubles up to a maximum. In memory, bounded.</summary>
public sealed class FailureLimiter(TimeProvider time, int freeFailures = 5, TimeSpan? firstDelay = null, TimeSpan? maxDelay = null)
{
    /// <summary>Throws <see cref="ProblemException"/> 429 <c>too_many_attempts</c> with Retry-After while the key is refused.</summary>
    public void ThrowIfBlocked(string key) => throw new NotImplementedException();

    public void Failed(string key) => throw new NotImplementedException();

    public void Succeeded(string key) => throw new NotImplementedException();
}
