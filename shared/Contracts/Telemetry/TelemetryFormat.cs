namespace IoTPlatform.Contracts.Telemetry;

/// <summary>
/// What a telemetry message is: published to <c>telemetry/{device}/…</c>, a JSON object in UTF-8, in which a member <c>timestamp</c> may
/// say when it was measured (RFC 3339 with an offset, such as <c>2026-11-21T13:00:00.123Z</c>). Everything else in it is the device's.
/// </summary>
public static class TelemetryFormat
{
    public const string TopicPrefix = "telemetry/";

    public const string Timestamp = "timestamp";

    public const int LongestPayload = 64 * 1024;

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
