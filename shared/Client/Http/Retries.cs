using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using Polly;
using Polly.Retry;

namespace IoTPlatform.Client;

/// <summary>Repeats calls that are idempotent (RFC 9110 section 9.2.2): a few times, with jitter, honouring Retry-After.</summary>
internal static class Retries
{
    // A longer Retry-After is left to the caller, which can show it to its user.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Polly keeps the members of the options' types for its validation; none of those that need code at run time is called.")]
    public static ResiliencePipeline<byte[]> Create(TimeProvider time) => new ResiliencePipelineBuilder<byte[]> { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions<byte[]>
        {
            ShouldHandle = static args => ValueTask.FromResult(CanRetry(args.Outcome.Exception)),
            MaxRetryAttempts = 3,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(250),
            DelayGenerator = static args => ValueTask.FromResult((args.Outcome.Exception as ApiException)?.RetryAfter),
        })
        .Build();

    private static bool CanRetry(Exception? failure) => failure switch
    {
        UnreachableException unreachable => unreachable.IsTransient,
        ApiException { IsTransient: true } api => api.Status != 500 && (api.RetryAfter ?? TimeSpan.Zero) <= LongestWait,
        _ => false,
    };
}

internal static class RetryAfterHeader
{
    // RFC 9110 section 10.2.3 allows a date too; our servers send seconds, and a date would need both clocks to agree.
    public static TimeSpan? Read(RetryConditionHeaderValue? header) =>
        header?.Delta is { } delta && delta >= TimeSpan.Zero ? delta : null;
}
