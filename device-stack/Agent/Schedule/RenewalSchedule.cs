using System.Security.Cryptography;

namespace IoTPlatform.Agent;

/// <summary>When to renew: after 2/3 of the lifetime, spread over the next twelfth, which leaves a quarter for outages.</summary>
public static class RenewalSchedule
{
    /// <param name="notBefore">Start of the certificate's validity.</param>
    /// <param name="notAfter">End of the certificate's validity.</param>
    /// <param name="jitter">0 up to 1.</param>
    public static DateTimeOffset RenewAt(DateTimeOffset notBefore, DateTimeOffset notAfter, double jitter)
    {
        var lifetime = notAfter - notBefore;
        return notBefore + (lifetime * 2 / 3) + (lifetime / 12 * Math.Clamp(jitter, 0, 1));
    }
}

/// <summary>Waits between failed attempts: 5 s doubling to 15 min, between half and all of it, never less than the server asked for. Not Polly's, which wait by a timer: docs/decisions/backoffs.md.</summary>
public sealed class Backoff(IJitter jitter, TimeSpan? first = null)
{
    private readonly TimeSpan _first = first ?? TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromDays(1);
    private int _failures;

    public TimeSpan Next(TimeSpan? retryAfter = null)
    {
        var ceiling = TimeSpan.FromTicks(Math.Min(Longest.Ticks, _first.Ticks << Math.Min(_failures++, 20)));
        var wait = ceiling * (0.5 + (jitter.Next() / 2));
        // A server in trouble gets the time it asks for, plus the spread, so that a fleet does not come back at once.
        return retryAfter is { } asked ? (asked < LongestAsked ? asked : LongestAsked) + wait : wait;
    }

    public void Reset() => _failures = 0;
}

/// <summary>Spreads a fleet's requests over time.</summary>
public interface IJitter
{
    /// <summary>0 up to, not including, 1.</summary>
    double Next();
}

public sealed class RandomJitter : IJitter
{
    private const int Steps = 1 << 24;

    public static RandomJitter Instance { get; } = new();

    public double Next() => RandomNumberGenerator.GetInt32(Steps) / (double)Steps;
}
