using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// Where in the topic space a device may publish and subscribe: below its own id (its dots as colons, see <see cref="TelemetryFormat"/>),
/// and nowhere else. The same for every broker; the embedded one knows the topics by more names.
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
                .. Names(deviceId, level),
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

    /// <summary>At a RabbitMQ, which routes by itself: a name has to say which device it is of, with colons for dots.</summary>
    public static bool MayPublish(string deviceId, string topic) => AtRabbitMq(deviceId).Publishable(topic) is not null;

    /// <summary>At a RabbitMQ.</summary>
    public static bool MaySubscribe(string deviceId, string filter) => AtRabbitMq(deviceId).Subscribable(filter) is not null;

    /// <summary>What a topic means at a RabbitMQ, which hands on the name under which it was published.</summary>
    public static string Meant(string topic)
    {
        const string Devices = "devices/";
        return topic.StartsWith(Devices, StringComparison.Ordinal) && topic.IndexOf('/', Devices.Length) is var end and > 0 && TelemetryFormat.DeviceOf(topic[Devices.Length..end]) is { } deviceId
            ? AtRabbitMq(deviceId).Publishable(topic) ?? topic
            : topic;
    }

    private static AccessPolicy AtRabbitMq(string deviceId)
    {
        var level = TelemetryFormat.TopicLevel(deviceId);
        return new AccessPolicy(
            [.. Up(level), $"commands/{level}/+/response", DeviceRequests.RenewRequest(level)], [.. Down(level), DeviceRequests.RenewResponse(level)], Names(level, level));
    }

    /// <summary>As devices know the topics.</summary>
    private static TopicAlias[] Names(string device, string level) =>
    [
        new TopicAlias($"devices/{device}/telemetry/#", $"telemetry/{level}/#"),
        new TopicAlias($"devices/{device}/events/#", $"events/{level}/#"),
        new TopicAlias($"devices/{device}/state/#", $"status/{level}/#"),
        new TopicAlias($"devices/{device}/commands/#", $"commands/{level}/#"),
    ];

    private static string[] Up(string level) => [$"telemetry/{level}/#", $"events/{level}/#", $"status/{level}/#"];

    private static string[] Down(string level) => [$"commands/{level}/#"];
}
