using System.Text.Json;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Tenant.Portal;

/// <param name="Name">The member of the message.</param>
/// <param name="Text">As far as it is shown.</param>
/// <param name="At">When it was sent.</param>
public sealed record LatestValue(string Name, string Text, DateTimeOffset At);

/// <summary>The newest value of each member of a device's messages.</summary>
internal static class LatestValues
{
    private const int Most = 24;
    private const int LongestName = 60;
    private const int LongestText = 80;

    /// <param name="messages">The newest first.</param>
    public static IReadOnlyList<LatestValue> Of(IEnumerable<TelemetryRecord> messages)
    {
        var values = new Dictionary<string, LatestValue>(StringComparer.Ordinal);
        foreach (var message in messages)
        {
            foreach (var (name, value) in Members(message.Payload))
            {
                // By the name as it is shown, which a page keys its rows by: two of them would end the page.
                if (values.Count < Most && Cut(name, LongestName) is var shown && !values.ContainsKey(shown))
                {
                    values.Add(shown, new LatestValue(shown, Cut(value.ToString(), LongestText), message.SentAt));
                }
            }
        }

        return [.. values.Values.OrderBy(value => value.Name, StringComparer.Ordinal)];
    }

    private static IEnumerable<(string Name, JsonElement Value)> Members(JsonElement payload) =>
        payload.ValueKind == JsonValueKind.Object ? payload.EnumerateObject().Select(member => (member.Name, member.Value)) : [("value", payload)];

    /// <summary>Never half of a pair.</summary>
    private static string Cut(string text, int longest) => text.Length <= longest ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest), "…");
}
