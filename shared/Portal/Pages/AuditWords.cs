using System.Globalization;
using System.Text.Json;
using IoTPlatform.Database;

namespace IoTPlatform.Portal.Pages;

/// <summary>The audit log's filters and details for people.</summary>
public static class AuditWords
{
    private const int MostText = 300;

    /// <summary>From a page's address; what is no date is no filter. Newest first.</summary>
    public static AuditQuery Query(string? action, string? actor, string? subject, string? since, string? until, string? cursor) => new()
    {
        NewestFirst = true,
        Action = Given(action),
        Actor = Given(actor),
        Subject = Given(subject),
        Since = Day(since),
        Until = Day(until)?.AddDays(1),
        Cursor = long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence : null,
    };

    /// <summary>A JSON object as "name value, name value".</summary>
    public static string Details(string json)
    {
        using var document = JsonDocument.Parse(json);
        var text = document.RootElement.ValueKind == JsonValueKind.Object ? string.Join(", ", document.RootElement.EnumerateObject().Where(member => member.Value.ToString().Length > 0).Select(member => $"{member.Name} {member.Value}")) : json;
        return text.Length <= MostText ? text : text[..MostText] + "…";
    }

    private static string? Given(string? text) => text?.Trim() is { Length: > 0 } given ? given : null;

    private static DateTimeOffset? Day(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;
}
