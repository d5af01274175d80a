using System.Globalization;

namespace IoTPlatform.CertificateAuthority;

/// <summary>step's TimeDuration: RFC 3339, or a Go duration such as <c>1h30m</c> or <c>-5m</c> from a moment.</summary>
internal static class TimeOrDuration
{
    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(366 * 100);

    /// <summary>Any lifetime after a moment before it is a moment still.</summary>
    private static readonly DateTimeOffset End = new(9900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Null for nothing, and for a duration of zero, which step-ca takes for nothing. Anything else that is no time is refused as step-ca refuses it, as JSON.</summary>
    public static DateTimeOffset? Parse(string? text, DateTimeOffset from)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (text.Length <= 64)
        {
            if (TryParseDuration(text, out var duration))
            {
                if (duration == TimeSpan.Zero)
                {
                    return null;
                }

                var ticks = from.UtcTicks + duration.Ticks;
                if (ticks >= DateTimeOffset.MinValue.UtcTicks && ticks < End.UtcTicks)
                {
                    return new DateTimeOffset(ticks, TimeSpan.Zero);
                }
            }
            else if (text.Contains('T', StringComparison.Ordinal)
                && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                && time.Year > 1970 && time < End)
            {
                return time;
            }
        }

        throw StepCaException.BadRequest("error decoding json");
    }

    /// <summary>Go's time.ParseDuration.</summary>
    internal static bool TryParseDuration(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        var negative = text.StartsWith("-");
        if (negative || text.StartsWith("+"))
        {
            text = text[1..];
        }

        if (text is "0")
        {
            return true;
        }

        if (text.IsEmpty)
        {
            return false;
        }

        var total = 0m;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            text = text[digits..];
            var unitLength = text.IndexOfAny("0123456789.");
            var unit = unitLength < 0 ? text : text[..unitLength];
            var seconds = unit switch
            {
                "ns" => 0.000000001m,
                "us" or "µs" or "μs" => 0.000001m,
                "ms" => 0.001m,
                "s" => 1m,
                "m" => 60m,
                "h" => 3600m,
                _ => 0m,
            };
            if (seconds == 0m || number > 1_000_000_000_000m)
            {
                return false;
            }

            total += number * seconds;
            text = text[unit.Length..];
        }

        if (total > (decimal)MaxDuration.TotalSeconds)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)(total * TimeSpan.TicksPerSecond)) * (negative ? -1 : 1);
        return true;
    }

    /// <summary>A whole-second duration as Go prints it: <c>25h1m0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        var sign = seconds < 0 ? "-" : "";
        seconds = Math.Abs(seconds);
        var (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        return hours > 0 ? string.Create(CultureInfo.InvariantCulture, $"{sign}{hours}h{minutes}m{seconds % 60}s")
            : minutes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{sign}{minutes}m{seconds % 60}s")
            : string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}s");
    }
}
