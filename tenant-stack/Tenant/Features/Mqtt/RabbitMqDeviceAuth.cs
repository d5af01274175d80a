using IoTPlatform.RabbitMq;


namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// <see cref="DeviceAccess"/> in RabbitMQ's words: logins are the SPIFFE ids of certificates that the broker has verified, topics are
/// routing keys of <c>amq.topic</c>.
/// </summary>
internal sealed class RabbitMqDeviceAuth(DeviceAccess access) : IRabbitMqAuth
{
    private const string Exchange = "amq.topic";

    /// <summary>Never with a password: devices have none, and nothing has verified the name.</summary>
    public ValueTask<bool> MayLogInAsync(string username, bool withPassword, CancellationToken cancellationToken) =>
        !withPassword && access.DeviceOf(username) is { } device ? access.IsActiveAsync(device, cancellationToken) : ValueTask.FromResult(false);

    public async ValueTask<bool> MayEnterAsync(string username, string vhost, string? clientId, CancellationToken cancellationToken) =>
        access.DeviceOf(username) is { } device && vhost == access.Namespace && clientId == access.ClientIdOf(device) && await access.IsActiveAsync(device, cancellationToken);

    public bool MayUse(string username, string vhost, string resource, string name, string permission) =>
        access.DeviceOf(username) is { } device && vhost == access.Namespace && resource switch
        {
            "queue" => IsSession(device, name) && permission is ("configure" or "write" or "read"),
            "exchange" => name == Exchange && permission is ("write" or "read"),
            _ => false,
        };

    public bool MayTopic(string username, string vhost, string exchange, string permission, string routingKey)
    {
        if (access.DeviceOf(username) is not { } device || vhost != access.Namespace || exchange != Exchange || routingKey.Contains('/'))
        {
            return false;
        }

        var topic = routingKey.Replace('.', '/').Replace('*', '+');
        return permission switch
        {
            "write" => DeviceTopics.MayPublish(device, topic),
            "read" => DeviceTopics.MaySubscribe(device, topic),
            _ => false,
        };
    }

    /// <summary>The queue of the device's MQTT session, one for each QoS.</summary>
    private bool IsSession(string deviceId, string queue)
    {
        var session = "mqtt-subscription-" + access.ClientIdOf(deviceId);
        return queue == session + "qos0" || queue == session + "qos1";
    }
}
