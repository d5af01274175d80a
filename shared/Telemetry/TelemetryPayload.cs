using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Telemetry;

/// <summary>Reads a payload once, token by token: whether everything that is to carry it can, and its timestamp.</summary>
public static class TelemetryPayload
{
    private const int ShortestTimestamp = 20;
    private const int LongestTimestamp = 40;

    /// <summary>Bytes of one character as a JSON escape (RFC 8259 section 7).</summary>
    private const int LongestEscape = 6;

    /// <summary>Deeper than any payload can be: the reader's own limit would not distinguish depth from other faults.</summary>
    private static readonly JsonReaderOptions Options = new() { MaxDepth = TelemetryFormat.LongestPayload };

    /// <returns>One of <see cref="TelemetryRefusal"/>; null: it can be stored and listed.</returns>
    public static string? Read(ReadOnlySpan<byte> payload, out DateTimeOffset? timestamp) => Read(payload, isObject: true, out timestamp);

    /// <summary>The same of any JSON value; a timestamp in it means nothing.</summary>
    /// <param name="payload">The value.</param>
    /// <param name="around">Objects of the platform's own around what a device or an operator wrote.</param>
    public static string? ReadValue(ReadOnlySpan<byte> payload, int around = 0) => Read(payload, isObject: false, out _, TelemetryFormat.DeepestNesting + around);

    /// <summary>A value that was accepted once, as deep as one may be.</summary>
    public static JsonElement? OfStored(string? text) => text is null ? null : JsonElement.Parse(text, new JsonDocumentOptions { MaxDepth = TelemetryFormat.DeepestNesting });

    private static string? Read(ReadOnlySpan<byte> payload, bool isObject, out DateTimeOffset? timestamp, int deepest = TelemetryFormat.DeepestNesting)
    {
        timestamp = null;
        // The reader does not look into strings.
        if (!Utf8.IsValid(payload))
        {
            return TelemetryRefusal.NotJson;
        }

        try
        {
            string? wrong = null;
            var reader = new Utf8JsonReader(payload, Options);
            while (reader.Read())
            {
                wrong ??= Fault(reader, isObject, deepest);
                if (!isObject || reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1 || !reader.ValueTextEquals(TelemetryFormat.Timestamp))
                {
                    continue;
                }

                reader.Read();
                // A second one makes it unclear which counts.
                if (timestamp is not null || !TryReadTimestamp(reader, out var value))
                {
                    wrong ??= TelemetryRefusal.Timestamp;
                }
                else
                {
                    timestamp = value;
                }

                reader.Skip();
            }

            return wrong;
        }
        catch (JsonException)
        {
            return TelemetryRefusal.NotJson;
        }
    }

    private static string? Fault(in Utf8JsonReader reader, bool isObject, int deepest) => reader.TokenType switch
    {
        JsonTokenType.StartObject or JsonTokenType.StartArray when reader.CurrentDepth >= deepest => TelemetryRefusal.TooDeep,
        JsonTokenType.PropertyName or JsonTokenType.String when reader.ValueIsEscaped && !IsText(reader.ValueSpan) => TelemetryRefusal.NotText,
        not JsonTokenType.StartObject when isObject && reader.CurrentDepth == 0 && reader.TokenType != JsonTokenType.EndObject => TelemetryRefusal.NotAnObject,
        _ => null,
    };

    /// <summary>
    /// False for what is no Unicode text (RFC 7493 section 2.1): a surrogate without its other half, and U+0000, which PostgreSQL's text
    /// doesn't have. In valid UTF-8 and valid JSON only an escape can be either.
    /// </summary>
    private static bool IsText(ReadOnlySpan<byte> escaped)
    {
        var expectsLow = false;
        for (var i = 0; i < escaped.Length;)
        {
            char unit = escaped[i] == '\\' && escaped[i + 1] == 'u' ? (char)ushort.Parse(escaped.Slice(i + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : 'x';
            if (unit == 0 || char.IsLowSurrogate(unit) != expectsLow)
            {
                return false;
            }

            expectsLow = char.IsHighSurrogate(unit);
            i += escaped[i] != '\\' ? 1 : escaped[i + 1] == 'u' ? LongestEscape : 2;
        }

        return !expectsLow;
    }

    /// <summary>RFC 3339 section 5.6, which allows "t" and "z" as well. .NET doesn't, and also takes dates without a time, seconds or offset.</summary>
    private static bool TryReadTimestamp(in Utf8JsonReader reader, out DateTimeOffset timestamp)
    {
        timestamp = default;
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > LongestTimestamp * LongestEscape || (reader.ValueIsEscaped && !IsText(reader.ValueSpan)))
        {
            return false;
        }
        // As a JSON string of its own, because some writers escape a plus sign.
        Span<byte> quoted = stackalloc byte[LongestTimestamp * LongestEscape + 2];
        var text = quoted[1..][..reader.CopyString(quoted[1..])];
        Ascii.ToUpperInPlace(text, out _);
        if (!HasShape(text))
        {
            return false;
        }

        quoted[0] = quoted[1 + text.Length] = (byte)'"';
        var whole = new Utf8JsonReader(quoted[..(text.Length + 2)]);
        if (!whole.Read() || whole.TokenType != JsonTokenType.String || !whole.TryGetDateTimeOffset(out var value))
        {
            return false;
        }

        timestamp = TelemetryParser.ToMicroseconds(value);
        return true;
    }

    private static bool HasShape(ReadOnlySpan<byte> text) =>
        text.Length is >= ShortestTimestamp and <= LongestTimestamp && text[10] == 'T' && text[16] == ':' && (text[^1] == 'Z' || text[^6] is (byte)'+' or (byte)'-')
        && !text.ContainsAny((byte)'"', (byte)'\\');
}
