using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// Where in the topic space a device may publish and subscribe: below its own id (its dots as colons, see <see cref="TelemetryFormat"/>),
/// and nowhere else. The same for every broker.
/// </summary>
internal static class DeviceTopics
{
    /// <summary>MQTT 5 section 1.5.4: the longest UTF-8 string.</summary>
    private const int MaxLength = 65535;
    private static readonly string[] Publish = ["telemetry", "events", "status"];
    private static readonly string[] Subscribe = ["commands"];

    /// <param name="deviceId">Of the client.</param>
    /// <param name="topic">Topic name: no wildcards (MQTT 5 section 4.7.1).</param>
    public static bool MayPublish(string deviceId, string topic) => !topic.AsSpan().ContainsAny('+', '#') && IsBelow(Publish, deviceId, topic);

    /// <param name="deviceId">Of the client.</param>
    /// <param name="filter">Topic filter; its wildcards stand behind the device's own level.</param>
    public static bool MaySubscribe(string deviceId, string filter) => IsBelow(Subscribe, deviceId, filter);

    private static bool IsBelow(string[] roots, string deviceId, string topic)
    {
        if (topic.Length > MaxLength || topic.Contains('\0'))
        {
            return false;
        }

        var levels = topic.Split('/', 3);
        return levels.Length >= 2 && roots.Contains(levels[0], StringComparer.Ordinal) && levels[1] == TelemetryFormat.TopicLevel(deviceId);
    }
}
