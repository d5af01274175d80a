using System.Text.Json;
using System.Text.Unicode;

namespace IoTPlatform.Jose.Json;

/// <summary>JSON objects in valid UTF-8 without duplicate members, comments or unpaired surrogates (RFC 7493).</summary>
internal static class StrictJson
{
    private const int MaxDepth = 16;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>The document borrows <paramref name="utf8"/>; dispose it before that memory is reused.</summary>
    public static JsonDocument ParseObject(ReadOnlyMemory<byte> utf8, string what)
    {
        RequireText(utf8.Span, what);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8, Options);
        }
        catch (JsonException)
        {
            throw NotStrict(what);
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        throw NotStrict(what);
    }

    /// <summary>An element with its own memory.</summary>
    public static JsonElement ParseDetached(ReadOnlySpan<byte> utf8, string what)
    {
        RequireText(utf8, what);
        try
        {
            var root = JsonElement.Parse(utf8, Options);
            return root.ValueKind == JsonValueKind.Object ? root : throw NotStrict(what);
        }
        catch (JsonException)
        {
            throw NotStrict(what);
        }
    }

    public static string String(in JsonElement value, string what)
        => value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new JoseException(JoseError.Malformed, $"{what} is not a string.");

    public static IReadOnlyList<string> Strings(in JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new JoseException(JoseError.Malformed, $"{what} is not an array of strings.");
        }

        var strings = new string[value.GetArrayLength()];
        var next = 0;
        foreach (var item in value.EnumerateArray())
        {
            strings[next++] = String(item, what);
        }

        return strings;
    }

    private static void RequireText(ReadOnlySpan<byte> utf8, string what)
    {
        // Checked before parsing: the reader meets both only later, as an exception of another kind.
        if (!Utf8.IsValid(utf8) || HasUnpairedSurrogateEscape(utf8))
        {
            throw NotStrict(what);
        }
    }

    internal static bool HasUnpairedSurrogateEscape(ReadOnlySpan<byte> json)
    {
        for (int at; (at = json.IndexOf((byte)'\\')) >= 0 && at + 1 < json.Length; json = json[(at + 2)..])
        {
            if (!TryReadUnit(json[at..], out var unit) || !char.IsSurrogate(unit))
            {
                continue;
            }

            if (char.IsLowSurrogate(unit) || !TryReadUnit(json[(at + 6)..], out var low) || !char.IsLowSurrogate(low))
            {
                return true;
            }

            at += 10;
        }

        return false;
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> json, out char unit)
    {
        unit = '\0';
        if (json.Length < 6 || json[0] != '\\' || json[1] != 'u'
            || !ushort.TryParse(json[2..6], System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value))
        {
            return false;
        }

        unit = (char)value;
        return true;
    }

    private static JoseException NotStrict(string what)
        => new(JoseError.Malformed, $"{what} is not a JSON object with unique members.");
}
