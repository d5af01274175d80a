using System.Net.Http.Headers;

namespace IoTPlatform.Client;

internal static class RetryAfterHeader
{
    // RFC 9110 section 10.2.3 allows a date too; our servers send seconds, and a date would need both clocks to agree.
    public static TimeSpan? Read(RetryConditionHeaderValue? header) =>
        header?.Delta is { } delta && delta >= TimeSpan.Zero ? delta : null;
}
