using System.Text.Json;

namespace IoTPlatform.Iot;

/// <summary>Values of step-ca's tables, whatever somebody made of them.</summary>
internal static class StepCaJson
{
    /// <summary>UTF-16 characters.</summary>
    public const int MaxText = 1000;

    /// <summary>Undefined: it is no JSON.</summary>
    public static JsonElement Parse(byte[] json)
    {
        try
        {
            return JsonElement.Parse(json);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>Of members of one name the last, as Go takes them.</summary>
    public static JsonElement Member(JsonElement row, string name)
    {
        try
        {
            return row.ValueKind == JsonValueKind.Object && row.TryGetProperty(name, out var member) ? member : default;
        }
        // Half a pair of surrogates.
        catch (InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>Null: it is no text.</summary>
    public static string? Text(JsonElement row, string name) => Text(Member(row, name));

    public static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String && value.GetString() is { } text ? Cut(text) : null;
        }
        // Half a pair of surrogates, or no UTF-8.
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Not between the halves of a pair.</summary>
    private static string Cut(string text) => text.Length <= MaxText ? text : text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)];
}
