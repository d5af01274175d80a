using System.Security.Cryptography;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>Pauses of 1 s that double up to a minute, less up to a quarter at random so that a fleet of tenants spreads out.</summary>
internal sealed class BackOff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestAskedFor = TimeSpan.FromMinutes(15);

    private TimeSpan next = First;

    /// <summary>Never shorter than what the server asked for (RFC 9110 section 10.2.3), which is believed up to 15 minutes.</summary>
    public TimeSpan Next(ProviderBusyException busy)
    {
        var pause = busy.IsPending ? First : next * (1 - RandomNumberGenerator.GetInt32(0, 250) / 1000.0);
        if (!busy.IsPending)
            next = next * 2 < Longest ? next * 2 : Longest;
        var asked = busy.RetryAfter is { } a ? (a < LongestAskedFor ? a : LongestAskedFor) : TimeSpan.Zero;
        return pause > asked ? pause : asked;
    }

    public void Reset() => next = First;
}
