using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// Where in the topic space a device may publish and subscribe: below its own id (its dots as colons, see <see cref="TelemetryFormat"/>),
/// and nowhere else. The same for every broker; the embedded one knows the topics by other names as well.
/// </summary>
internal static class DeviceTopics
{
    public static AccessPolicy Of(string deviceId)
    {
        var level = TelemetryFormat.TopicLevel(deviceId);
        return new AccessPolicy(
            [$"telemetry/{level}/#", $"events/{level}/#", $"status/{level}/#"],
            [$"commands/{level}/#"],
            [
                new TopicAlias($"devices/{deviceId}/telemetry/#", $"telemetry/{level}/#"),
                new TopicAlias($"devices/{deviceId}/events/#", $"events/{level}/#"),
                new TopicAlias($"devices/{deviceId}/state/#", $"status/{level}/#"),
                new TopicAlias($"devices/{deviceId}/commands/#", $"commands/{level}/#"),
                // As firmware for ThingsBoard knows them.
                new TopicAlias("v1/devices/me/telemetry", $"telemetry/{level}"),
                new TopicAlias("v1/devices/me/attributes", $"status/{level}"),
                new TopicAlias("v1/devices/me/rpc/request/+", $"commands/{level}/+"),
            ]);
    }

    /// <summary>Under its own name: a broker that routes by itself knows no other.</summary>
    public static bool MayPublish(string deviceId, string topic) => Of(deviceId).Publishable(topic) == topic;

    /// <summary>Under its own name.</summary>
    public static bool MaySubscribe(string deviceId, string filter) => Of(deviceId).Subscribable(filter) == filter;
}
