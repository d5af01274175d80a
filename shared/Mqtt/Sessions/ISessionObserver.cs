namespace IoTPlatform.Mqtt;

/// <summary>Told of clients that come and go. Of one name a connection is announced after the end of the one before. A last will comes to the message store.</summary>
public interface ISessionObserver
{
    Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken);

    Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken);
}
