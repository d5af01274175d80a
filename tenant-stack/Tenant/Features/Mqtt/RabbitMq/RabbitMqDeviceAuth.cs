using System.Text;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>
/// <see cref="DeviceAccess"/> in RabbitMQ's words: logins are the SPIFFE ids of certificates that the broker has verified, topics are
/// routing keys of <c>amq.topic</c>. And what the tenant itself may do there, which logs in with its service certificate: no operator gives it rights.
/// </summary>
internal sealed class RabbitMqDeviceAuth(DeviceAccess access, DeviceQueueState queue) : IRabbitMqAuth
{
    /// <summary>Never with a password: devices have none, and nothing has verified the name. A device not before its messages are kept.</summary>
    public ValueTask<bool> MayLogInAsync(string username, bool withPassword, CancellationToken cancellationToken) =>
        withPassword ? ValueTask.FromResult(false)
        : username == access.OwnLogin ? ValueTask.FromResult(true)
        : queue.IsReady && access.DeviceOf(username) is { } device ? access.IsActiveAsync(device, cancellationToken)
        : ValueTask.FromResult(false);

    public async ValueTask<bool> MayEnterAsync(string username, string vhost, string? clientId, CancellationToken cancellationToken) => vhost == access.Namespace && (username == access.OwnLogin
        ? clientId is null
        : access.DeviceOf(username) is { } device && clientId == access.ClientIdOf(device) && await access.IsActiveAsync(device, cancellationToken));

    public bool MayUse(string username, string vhost, string resource, string name, string permission) => vhost == access.Namespace && (username == access.OwnLogin
        ? MayUse(resource, name, permission)
        : access.DeviceOf(username) is { } device && resource switch
        {
            "queue" => IsSession(device, name) && permission is ("configure" or "write" or "read"),
            "exchange" => name == DeviceQueue.Exchange && permission is ("write" or "read"),
            _ => false,
        });

    public bool MayTopic(string username, string vhost, string exchange, string permission, string routingKey)
    {
        if (vhost != access.Namespace || exchange != DeviceQueue.Exchange || routingKey.Contains('/'))
        {
            return false;
        }

        if (username == access.OwnLogin)
        {
            return permission switch
            {
                "write" => DeviceQueue.IsDown(routingKey),
                "read" => DeviceQueue.RoutingKeys.Contains(routingKey),
                _ => false,
            };
        }

        if (access.DeviceOf(username) is not { } device)
        {
            return false;
        }

        var topic = routingKey.Replace('.', '/').Replace('*', '+');
        return permission switch
        {
            // A longer routing key (AMQP 0-9-1 4.2.5.3, short string) would end the connection of the tenant whenever it is given it, and nothing behind it would be read.
            "write" => Encoding.UTF8.GetByteCount(routingKey) <= TelemetryFormat.LongestTopic && DeviceTopics.MayPublish(device, topic),
            "read" => DeviceTopics.MaySubscribe(device, topic),
            _ => false,
        };
    }

    /// <summary>The tenant itself: the queues that it makes, and what leads there.</summary>
    private static bool MayUse(string resource, string name, string permission) => resource switch
    {
        "queue" => name is DeviceQueue.Name or DeviceQueue.Dead && permission is ("configure" or "write" or "read"),
        "exchange" => (name == DeviceQueue.Exchange && permission is ("write" or "read")) || (name == DeviceQueue.Dead && permission is ("configure" or "write" or "read")),
        _ => false,
    };

    /// <summary>The queue of the device's MQTT session, one for each QoS.</summary>
    private bool IsSession(string deviceId, string queue)
    {
        var session = "mqtt-subscription-" + access.ClientIdOf(deviceId);
        return queue == session + "qos0" || queue == session + "qos1";
    }
}
