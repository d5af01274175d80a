using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Contracts.Devices;

/// <summary>A provider's command to a device, as the tenant's bridge gets it on <c>commands/{device}/{id}</c>. It comes again until the tenant has reported.</summary>
public sealed record BridgeCommand
{
    public required string Name { get; init; }

    /// <summary>As it was ordered.</summary>
    [JsonConverter(typeof(RawJson))]
    public JsonElement? Payload { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Who sent it, as the provider knows them.</summary>
    public required string By { get; init; }
}

/// <summary>What became of it, as the bridge reports it on <c>commands/{device}/{id}/response</c>: once with every change, and again where it is asked again.</summary>
public sealed record BridgeCommandReport
{
    public required CommandState State { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>As the device sent it.</summary>
    [JsonConverter(typeof(RawJson))]
    public JsonElement? Answer { get; init; }

    /// <summary>Of a refused or cancelled one.</summary>
    public string? Reason { get; init; }
}

/// <summary>Writes a value letter by letter as it was read: written anew, escapes could make it several times as long as it may be.</summary>
internal sealed class RawJson : JsonConverter<JsonElement>
{
    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonElement.ParseValue(ref reader);

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => writer.WriteRawValue(value.GetRawText(), skipInputValidation: true);
}

/// <summary>The topics of both.</summary>
public static class BridgeCommandTopics
{
    public const string Requests = "commands/+/+";
    public const string Reports = "commands/+/+/response";

    private const string First = "commands";
    private const string Last = "response";

    public static string Request(string deviceId, Guid id) => $"{First}/{TelemetryFormat.TopicLevel(deviceId)}/{id}";

    public static string Report(string deviceId, Guid id) => $"{Request(deviceId, id)}/{Last}";

    public static bool IsReport(string topic) => topic.StartsWith(First + "/", StringComparison.Ordinal);

    public static (string DeviceId, Guid Id)? ReadRequest(string topic) => topic.Split('/') is [First, var level, var id] ? Read(level, id) : null;

    public static (string DeviceId, Guid Id)? ReadReport(string topic) => topic.Split('/') is [First, var level, var id, Last] ? Read(level, id) : null;

    private static (string DeviceId, Guid Id)? Read(string level, string id) =>
        TelemetryFormat.DeviceOf(level) is { } device && Guid.TryParseExact(id, "D", out var guid) ? (device, guid) : null;
}

/// <summary>A provider's command and what became of it.</summary>
public sealed record TenantCommandView
{
    public required Guid Id { get; init; }
    public required string TenantId { get; init; }
    public required string DeviceId { get; init; }
    public required string Name { get; init; }
    public JsonElement? Payload { get; init; }
    public required CommandState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the tenant first reported of it.</summary>
    public DateTimeOffset? TakenAt { get; init; }

    /// <summary>By the tenant's clock, as the next one.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>As the device sent it.</summary>
    public JsonElement? Answer { get; init; }

    /// <summary>Of a refused, cancelled or expired one.</summary>
    public string? Reason { get; init; }
}

/// <summary>The dialect of all three: deep enough for the deepest answer.</summary>
public static class BridgeCommandJson
{
    public static JsonTypeInfo<BridgeCommand> Command { get; } = (JsonTypeInfo<BridgeCommand>)TelemetryJson.Options.GetTypeInfo(typeof(BridgeCommand));

    public static JsonTypeInfo<BridgeCommandReport> Report { get; } = (JsonTypeInfo<BridgeCommandReport>)TelemetryJson.Options.GetTypeInfo(typeof(BridgeCommandReport));

    public static JsonTypeInfo<TenantCommandView> View { get; } = (JsonTypeInfo<TenantCommandView>)TelemetryJson.Options.GetTypeInfo(typeof(TenantCommandView));

    public static JsonTypeInfo<Page<TenantCommandView>> Page { get; } = (JsonTypeInfo<Page<TenantCommandView>>)TelemetryJson.Options.GetTypeInfo(typeof(Page<TenantCommandView>));
}
