using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// Where in the topic space a device may publish and subscribe: below its own id (its dots as colons, see <see cref="TelemetryFormat"/>),
/// and nowhere else. The same for every broker; the embedded one knows the topics by other names as well.
/// </summary>
internal static class DeviceTopics
{
    /// <summary>At the embedded broker, which answers requests, too.</summary>
    public static AccessPolicy Of(string deviceId)
    {
        var level = TelemetryFormat.TopicLevel(deviceId);
        return new AccessPolicy(
            [.. Up(level), $"commands/{level}/+/response", DeviceRequests.RenewRequest(deviceId)],
            [.. Down(level), DeviceRequests.RenewResponse(deviceId)],
            [
                new TopicAlias($"devices/{deviceId}/telemetry/#", $"telemetry/{level}/#"),
                new TopicAlias($"devices/{deviceId}/events/#", $"events/{level}/#"),
                new TopicAlias($"devices/{deviceId}/state/#", $"status/{level}/#"),
                new TopicAlias($"devices/{deviceId}/commands/#", $"commands/{level}/#"),
                // As firmware for ThingsBoard knows them.
                new TopicAlias("v1/devices/me/telemetry", $"telemetry/{level}"),
                new TopicAlias("v1/devices/me/attributes", $"status/{level}"),
                new TopicAlias("v1/devices/me/rpc/request/+", $"commands/{level}/+"),
                new TopicAlias("v1/devices/me/rpc/response/+", $"commands/{level}/+/response"),
            ]);
    }

    /// <summary>A device that has only an enrolment token.</summary>
    public static AccessPolicy Enrolling(string deviceId) => new([DeviceRequests.EnrollRequest(deviceId)], [DeviceRequests.EnrollResponse(deviceId)]);

    /// <summary>A device whose certificate has ended.</summary>
    public static AccessPolicy Renewing(string deviceId) => new([DeviceRequests.RenewRequest(deviceId)], [DeviceRequests.RenewResponse(deviceId)]);

    /// <summary>At a RabbitMQ, which routes by itself and knows no other names.</summary>
    public static bool MayPublish(string deviceId, string topic) => AtRabbitMq(deviceId).Publishable(topic) is not null;

    /// <summary>At a RabbitMQ.</summary>
    public static bool MaySubscribe(string deviceId, string filter) => AtRabbitMq(deviceId).Subscribable(filter) is not null;

    private static AccessPolicy AtRabbitMq(string deviceId) => new(Up(TelemetryFormat.TopicLevel(deviceId)), Down(TelemetryFormat.TopicLevel(deviceId)));

    private static string[] Up(string level) => [$"telemetry/{level}/#", $"events/{level}/#", $"status/{level}/#"];

    private static string[] Down(string level) => [$"commands/{level}/#"];
}
