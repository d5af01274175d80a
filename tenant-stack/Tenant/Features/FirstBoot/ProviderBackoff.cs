using IoTPlatform.Hosting;
using Polly;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>Tries again while the provider is busy: after about 1 s, growing to a minute, and never sooner than it asked for (RFC 9110 section 10.2.3).</summary>
internal static class ProviderBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestAskedFor = TimeSpan.FromMinutes(15);

    /// <param name="waiting">Called before every wait with its length.</param>
    /// <param name="time">For the waits.</param>
    public static ResiliencePipeline Create(Action<ProviderBusyException, TimeSpan> waiting, TimeProvider time)
    {
        var retry = Backoff.Endless(First, Longest);
        retry.ShouldHandle = new PredicateBuilder().Handle<ProviderBusyException>();
        // Waiting for a human, not for a repair, does not grow.
        retry.DelayGenerator = args => ValueTask.FromResult(Busy(args.Outcome) is { IsPending: true } pending ? Larger(First, AskedBy(pending)) : (TimeSpan?)null);
        retry.OnRetry = async args =>
        {
            // A server in trouble gets the time it asks for, and the spread after it, so that a fleet does not come back at once.
            var busy = Busy(args.Outcome);
            var asked = busy.IsPending ? TimeSpan.Zero : AskedBy(busy);
            waiting(busy, asked + args.RetryDelay);
            await Task.Delay(asked, time, args.Context.CancellationToken);
        };
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).Build();
    }

    private static ProviderBusyException Busy(Outcome<object> outcome) => (ProviderBusyException)outcome.Exception!;

    private static TimeSpan AskedBy(ProviderBusyException busy) => busy.RetryAfter is { } asked ? (asked < LongestAskedFor ? asked : LongestAskedFor) : TimeSpan.Zero;

    private static TimeSpan Larger(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
