using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Contracts.Telemetry;

/// <summary>One stored telemetry message.</summary>
public sealed record TelemetryRecord
{
    public required string DeviceId { get; init; }

    /// <summary>MQTT topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The message's own timestamp; without one, when it was received.</summary>
    public required DateTimeOffset SentAt { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>As the device sent it; a string with its text where <see cref="PayloadProblem"/> says why it can't be shown as JSON.</summary>
    [JsonConverter(typeof(RawJson))]
    public required JsonElement Payload { get; init; }

    /// <summary>Of a payload that was stored before such ones were refused: the reason for which it would be now.</summary>
    public string? PayloadProblem { get; init; }
}

/// <summary>
/// What a telemetry message is: published to <c>telemetry/{device}/…</c>, a JSON object in UTF-8, in which a member <c>timestamp</c> may
/// say when it was measured (RFC 3339 with an offset, such as <c>2026-11-21T13:00:00.123Z</c>). Everything else in it is the device's.
/// </summary>
public static class TelemetryFormat
{
    public const string TopicPrefix = "telemetry/";
    public const string EventPrefix = "events/";
    public const string StatePrefix = "status/";

    /// <summary>First level of a topic, with its slash, by the name of the stream.</summary>
    public static IReadOnlyDictionary<string, string> PrefixOfStream { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["telemetry"] = TopicPrefix, ["events"] = EventPrefix, ["state"] = StatePrefix };

    public const string Timestamp = "timestamp";

    public const int LongestPayload = 64 * 1024;

    /// <summary>At a tenant, whose bridge gives a message a timestamp where it has none.</summary>
    public const int LongestFromDevice = LongestPayload - 64;

    /// <summary>Bytes. AMQP brokers can carry no more as a routing key.</summary>
    public const int LongestTopic = 255;

    /// <summary>Objects and arrays inside each other, the payload itself included.</summary>
    public const int DeepestNesting = 64;

    /// <summary>How far a device's clock may be ahead.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The level of the topic that names the device. AMQP brokers separate levels with dots, so a device id's own dots are colons here;
    /// a device id has none.
    /// </summary>
    public static string TopicLevel(string deviceId) => deviceId.Replace('.', ':');

    /// <summary>The reverse of <see cref="TopicLevel"/>; null: the level names no device.</summary>
    public static string? DeviceOf(string topicLevel) => !topicLevel.Contains('.', StringComparison.Ordinal) && topicLevel.Replace(':', '.') is var id && DeviceId.IsValid(id) ? id : null;
}

/// <summary>The newest message that a device published about its state.</summary>
public sealed record DeviceStateRecord
{
    public required string DeviceId { get; init; }
    public required string Topic { get; init; }
    public required DateTimeOffset SentAt { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>As the device sent it.</summary>
    [JsonConverter(typeof(RawJson))]
    public required JsonElement Payload { get; init; }
}

/// <summary>The dialect of a page of telemetry: <see cref="ContractsJson"/>, and deep enough for the deepest payload inside it.</summary>
public static class TelemetryJson
{
    /// <summary>Page, list and record around a payload.</summary>
    private const int Around = 3;

    public static JsonSerializerOptions Options { get; } = new(ContractsJson.Default.Options) { MaxDepth = TelemetryFormat.DeepestNesting + Around };

    public static JsonTypeInfo<Page<TelemetryRecord>> Page { get; } = (JsonTypeInfo<Page<TelemetryRecord>>)Options.GetTypeInfo(typeof(Page<TelemetryRecord>));

    /// <summary>A message itself, letter by letter.</summary>
    public static JsonTypeInfo<JsonElement> Payload { get; } =
        (JsonTypeInfo<JsonElement>)new JsonSerializerOptions(Options) { Converters = { new RawJson() } }.GetTypeInfo(typeof(JsonElement));

    public static JsonTypeInfo<DeviceStateRecord> State { get; } = (JsonTypeInfo<DeviceStateRecord>)Options.GetTypeInfo(typeof(DeviceStateRecord));
}
