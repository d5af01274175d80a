using System.Globalization;
using System.Text.RegularExpressions;

namespace IoTPlatform.Hosting;

/// <summary>Durations as Go writes them, and days: <c>1h30m</c>, <c>90s</c>, <c>7d</c>.</summary>
public static partial class DurationText
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_525);

    /// <summary>Positive, at most 100 years.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text.Length > 32 || !Whole().IsMatch(text))
        {
            return false;
        }

        foreach (Match part in Part().Matches(text))
        {
            var number = double.Parse(part.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
            var seconds = number * part.Groups[2].Value switch { "d" => 86_400, "h" => 3_600, "m" => 60, "ms" => 0.001, _ => 1 };
            if (seconds + duration.TotalSeconds > Longest.TotalSeconds)
            {
                return false;
            }

            duration += TimeSpan.FromSeconds(seconds);
        }

        return duration > TimeSpan.Zero;
    }

    [GeneratedRegex("^([0-9]{1,9}(\\.[0-9]{1,6})?(ms|[dhms]))+$", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Whole();

    [GeneratedRegex("([0-9]+(?:\\.[0-9]+)?)(ms|[dhms])", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Part();
}
