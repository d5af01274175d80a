using System.CommandLine.Parsing;
using System.Globalization;

namespace IoTPlatform.Iot;

/// <summary>A time on the command line: RFC 3339, a day (UTC), or how long ago (90s, 15m, 24h, 7d).</summary>
internal sealed record PointInTime(DateTimeOffset? At, TimeSpan Ago)
{
    public static PointInTime? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (TryParse(text) is { } parsed)
            return parsed;
        result.AddError($"'{text}' is not a time; write 2026-11-01T08:00:00Z, 2026-11-01, or how long ago: 15m, 24h, 7d");
        return null;
    }

    public static PointInTime? TryParse(string text) =>
        Duration.TryParse(text, out var ago) ? new PointInTime(null, ago)
        : text.Length <= 40 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? new PointInTime(at, TimeSpan.Zero)
        : null;

    public DateTimeOffset Resolve(DateTimeOffset now) => At ?? now - Ago;
}
