using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IoTPlatform.Contracts.Telemetry;

/// <summary>The dialect of a page of telemetry: <see cref="ContractsJson"/>, and deep enough for the deepest payload inside it.</summary>
public static class TelemetryJson
{
    /// <summary>Page, list and record around a payload.</summary>
    private const int Around = 3;

    public static JsonSerializerOptions Options { get; } = new(ContractsJson.Default.Options) { MaxDepth = TelemetryFormat.DeepestNesting + Around };

    public static JsonTypeInfo<Page<TelemetryRecord>> Page { get; } = (JsonTypeInfo<Page<TelemetryRecord>>)Options.GetTypeInfo(typeof(Page<TelemetryRecord>));
}
