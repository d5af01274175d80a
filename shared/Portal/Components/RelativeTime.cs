using System.Globalization;

namespace IoTPlatform.Portal.Components;

/// <summary>A time as people say it, to the largest unit that fits. The shell's script counts the same way.</summary>
public static class RelativeTime
{
    /// <summary>What has seven days from now on has seven days a minute later, too.</summary>
    private const double Slack = 0.01;

    private static readonly (double Seconds, string Unit)[] Units = [(365.25 * 86400, "y"), (30.44 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "min"), (1, "s")];

    /// <summary>"12 min ago", "in 3 d", "now".</summary>
    public static string Of(DateTimeOffset at, DateTimeOffset now)
    {
        var span = Span((at - now).Duration());
        return span.Length == 0 ? "now" : at < now ? span + " ago" : "in " + span;
    }

    /// <summary>"6 d"; empty below a second.</summary>
    public static string Span(TimeSpan span)
    {
        foreach (var (seconds, unit) in Units)
        {
            if (span.TotalSeconds >= seconds)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{Math.Floor((span.TotalSeconds / seconds) + Slack):0} {unit}");
            }
        }

        return "";
    }

    public static string Exact(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
