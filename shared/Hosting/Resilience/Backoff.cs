using Polly;
using Polly.Retry;

namespace IoTPlatform.Hosting;

/// <summary>How the stacks wait for what is away.</summary>
public static class Backoff
{
    /// <summary>Doubling with jitter, so that many who wait spread out, and without end.</summary>
    public static RetryStrategyOptions Endless(TimeSpan first, TimeSpan longest) => new()
    {
        MaxRetryAttempts = int.MaxValue,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = first,
        MaxDelay = longest,
    };
}
