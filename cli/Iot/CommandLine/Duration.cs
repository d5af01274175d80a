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
            return duration;
        result.AddError($"'{text}' is not a duration; write 90s, 15m, 24h, 1h30m or 7d");
        return default;
    }

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text.Length is 0 or > 20 || Shape().Match(text) is not { Success: true } match)
            return false;
        duration = Part(match, "d", TimeSpan.FromDays(1)) + Part(match, "h", TimeSpan.FromHours(1)) + Part(match, "m", TimeSpan.FromMinutes(1)) + Part(match, "s", TimeSpan.FromSeconds(1));
        return duration > TimeSpan.Zero;
    }

    private static TimeSpan Part(Match match, string name, TimeSpan unit) =>
        match.Groups[name] is { Success: true } group ? unit * int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : TimeSpan.Zero;

    [GeneratedRegex(@"^((?<d>\d{1,6})d)?((?<h>\d{1,6})h)?((?<m>\d{1,6})m)?((?<s>\d{1,8})s)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Shape();
}
