namespace IoTPlatform.Agent;

/// <summary>Waits between failed attempts: 5 s doubling to 15 min, between half and all of it, never less than the server asked for.</summary>
public sealed class Backoff(IJitter jitter)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromDays(1);
    private int failures;

    public TimeSpan Next(TimeSpan? retryAfter = null)
    {
        var ceiling = TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(failures++, 20)));
        var wait = ceiling * (0.5 + (jitter.Next() / 2));
        // A server in trouble gets the time it asks for, plus the spread, so that a fleet does not come back at once.
        return retryAfter is { } asked ? (asked < LongestAsked ? asked : LongestAsked) + wait : wait;
    }

    public void Reset() => failures = 0;
}
