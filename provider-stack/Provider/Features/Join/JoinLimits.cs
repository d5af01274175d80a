using IoTPlatform.Hosting;


namespace IoTPlatform.Provider.Features.Join;

/// <summary>How often an address may bring a JOIN key that does not open, and may ask to join anew.</summary>
internal sealed class JoinLimits(TimeProvider time)
{
    public RateLimiter Refusals { get; } = new(time, burst: 10, delay: TimeSpan.FromSeconds(5), longest: TimeSpan.FromMinutes(5));

    public RateLimiter Requests { get; } = new(time, burst: 5, delay: TimeSpan.FromMinutes(1));
}
