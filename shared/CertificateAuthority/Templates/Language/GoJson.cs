using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Values to JSON and back, as encoding/json does it.</summary>
internal static class GoJson
{
    private const int MaxDepth = 64;

    /// <summary>Go escapes these even where no page will ever hold them. Outside of texts JSON has none of them.</summary>
    private static readonly (string Character, string Escaped)[] OfHtml = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")];

    public static string Write(object? value, TemplateBudget budget, bool isIndented = false, bool escapesHtml = true)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Indented = isIndented,
            SkipValidation = true,
        }))
        {
            Write(json, value, budget, 0);
        }

        var written = Encoding.UTF8.GetString(buffer.WrittenSpan);
        return escapesHtml ? OfHtml.Aggregate(written, (text, one) => text.Replace(one.Character, one.Escaped, StringComparison.Ordinal)) : written;
    }

    /// <summary>Throws <see cref="JsonException"/>.</summary>
    public static object? Read(string json, TemplateBudget budget)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
        return Of(document.RootElement, budget);
    }

    /// <summary>A tree of its own, which a template may change. Numbers become float64, as in Go.</summary>
    /// <param name="element">Of bounded depth.</param>
    /// <param name="budget">Null: it is bounded already.</param>
    public static object? Of(JsonElement element, TemplateBudget? budget = null)
    {
        budget?.Step();
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new Dictionary<string, object?>(StringComparer.Ordinal);
                foreach (var member in element.EnumerateObject())
                {
                    map[member.Name] = Of(member.Value, budget);
                }

                return map;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(item => Of(item, budget)).ToList();
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.Number:
                return element.GetDouble();
            default:
                return element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetBoolean() : null;
        }
    }

    private static void Write(Utf8JsonWriter json, object? value, TemplateBudget budget, int depth)
    {
        GoValue.RequireDepth(depth);
        budget.Step();
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                budget.Text(text.Length);
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteRawValue(GoText.JsonOf(number), skipInputValidation: true);
                break;
            case DateTimeOffset time:
                json.WriteStringValue(time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture) + "Z");
                break;
            case GoStruct { Json: { } instead }:
                Write(json, instead, budget, depth);
                break;
            case GoStruct one:
                json.WriteStartObject();
                foreach (var field in one.Fields.Where(field => field.Member is not null && !(field.OmitEmpty && !GoValue.IsTrue(field.Value))))
                {
                    json.WritePropertyName(field.Member!);
                    Write(json, field.Value, budget, depth + 1);
                }

                json.WriteEndObject();
                break;
            case GoList { IsNil: true }:
                json.WriteNullValue();
                break;
            case IReadOnlyDictionary<string, object?> map:
                json.WriteStartObject();
                foreach (var (key, member) in map.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                {
                    budget.Text(key.Length);
                    json.WritePropertyName(key);
                    Write(json, member, budget, depth + 1);
                }

                json.WriteEndObject();
                break;
            case IReadOnlyList<object?> list:
                json.WriteStartArray();
                foreach (var item in list)
                {
                    Write(json, item, budget, depth + 1);
                }

                json.WriteEndArray();
                break;
        }
    }
}
