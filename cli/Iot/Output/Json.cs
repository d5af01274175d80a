using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Iot;

/// <summary>The CLI's JSON: the dialect of the API, indented.</summary>
internal static class Json
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        // A payload of telemetry and what is around it.
        MaxDepth = TelemetryFormat.DeepestNesting + 8,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static JsonSerializerOptions OneLine { get; } = new(Options) { WriteIndented = false };
}
