using System.Text;

namespace IoTPlatform.Mqtt;

/// <summary>Topic names and topic filters (MQTT 5 section 4.7).</summary>
public static class TopicSyntax
{
    /// <summary>MQTT 5 section 1.5.4.</summary>
    private const int MaxBytes = 65535;

    /// <summary>Each level costs time in every comparison.</summary>
    private const int MaxLevels = 32;

    /// <summary>Not empty, no wildcards (MQTT-3.3.2-2), no control characters (section 1.5.4).</summary>
    public static bool IsName(string? topic) => IsText(topic) && !topic!.AsSpan().ContainsAny('+', '#');

    /// <summary>A wildcard is a level of its own, and <c>#</c> the last (MQTT-4.7.1-1, MQTT-4.7.1-2). No shared subscription.</summary>
    public static bool IsFilter(string? filter)
    {
        if (!IsText(filter) || IsShared(filter!))
        {
            return false;
        }

        var levels = filter!.Split('/');
        return levels.Index().All(level => level.Item switch
        {
            "+" => true,
            "#" => level.Index == levels.Length - 1,
            var text => !text.AsSpan().ContainsAny('+', '#'),
        });
    }

    /// <summary>MQTT 5 section 4.8.2.</summary>
    public static bool IsShared(string filter) => filter.StartsWith("$share/", StringComparison.Ordinal);

    /// <summary>Whether all topics that match <paramref name="filter"/> (a name, or a filter) match <paramref name="pattern"/>.</summary>
    public static bool Covers(string pattern, string filter)
    {
        var (wide, narrow) = (pattern.Split('/'), filter.Split('/'));
        // A wildcard in front matches nothing that begins with $ (MQTT-4.7.2-1).
        if (wide[0] is "+" or "#" && narrow[0].StartsWith('$'))
        {
            return false;
        }

        for (var level = 0; level < wide.Length; level++)
        {
            // "a/#" includes "a" (section 4.7.1.2).
            if (wide[level] == "#")
            {
                return true;
            }

            if (level >= narrow.Length || narrow[level] == "#" || (wide[level] != "+" && wide[level] != narrow[level]))
            {
                return false;
            }
        }

        return wide.Length == narrow.Length;
    }

    private static bool IsText(string? text) =>
        text is { Length: > 0 } && Encoding.UTF8.GetByteCount(text) <= MaxBytes && text.Count(c => c == '/') < MaxLevels && !text.Any(c => char.IsControl(c) || c == '\uFFFD');
}
