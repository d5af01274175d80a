using System.Security.Cryptography;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>How long to wait after a number of failures in a row: doubling, with jitter, up to a limit.</summary>
internal static class Pause
{
    private const int Most = 16;

    public static TimeSpan After(int failures)
    {
        var longest = Math.Min(IngestLimits.FirstPause.TotalMilliseconds * (1 << Math.Clamp(failures - 1, 0, Most)), IngestLimits.LongestPause.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(longest / 2 + RandomNumberGenerator.GetInt32((int)longest / 2 + 1));
    }
}
