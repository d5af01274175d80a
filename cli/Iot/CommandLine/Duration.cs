using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace IoTPlatform.Iot;

/// <summary>Durations as step-ca writes them: 90s, 15m, 24h, 1h30m; days too.</summary>
internal static partial class Duration
{
    public static TimeSpan Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (TryParse(text, out var duration))
        {
            return duration;
        }

        result.AddError($"'{text}' is not a duration; write 90s, 15m, 24h, 1h30m or 7d");
        return default;
    }

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text.Length is 0 or > 20 || Shape().Match(text) is not { Success: true } match)
        {
            return false;
        }

        duration = Part(match, "d", TimeSpan.FromDays(1)) + Part(match, "h", TimeSpan.FromHours(1)) + Part(match, "m", TimeSpan.FromMinutes(1)) + Part(match, "s", TimeSpan.FromSeconds(1));
        return duration > TimeSpan.Zero;
    }

    private static TimeSpan Part(Match match, string name, TimeSpan unit) =>
        match.Groups[name] is { Success: true } group ? unit * int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : TimeSpan.Zero;

    [GeneratedRegex(@"^((?<d>\d{1,6})d)?((?<h>\d{1,6})h)?((?<m>\d{1,6})m)?((?<s>\d{1,8})s)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Shape();
}

/// <summary>A time on the command line: RFC 3339, a day (UTC), or how long ago (90s, 15m, 24h, 7d).</summary>
internal sealed record PointInTime(DateTimeOffset? At, TimeSpan Ago)
{
    public static PointInTime? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (TryParse(text) is { } parsed)
        {
            return parsed;
        }

        result.AddError($"'{text}' is not a time; write 2026-11-01T08:00:00Z, 2026-11-01, or how long ago: 15m, 24h, 7d");
        return null;
    }

    public static PointInTime? TryParse(string text) =>
        Duration.TryParse(text, out var ago) ? new PointInTime(null, ago)
        : text.Length <= 40 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? new PointInTime(at, TimeSpan.Zero)
        : null;

    public DateTimeOffset Resolve(DateTimeOffset now) => At ?? now - Ago;
}

internal static class Bounded
{
    public static byte[] Read(Stream input, int maxBytes, string name)
    {
        var buffer = new byte[maxBytes + 1];
        var length = input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length <= maxBytes ? buffer[..length] : throw CliException.Failed("too_large", $"{name} is larger than {maxBytes} bytes");
    }
}
