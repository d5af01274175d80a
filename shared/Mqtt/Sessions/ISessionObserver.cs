namespace IoTPlatform.Mqtt;

/// <summary>Told of clients that come and go. Of one name a connection is announced after the end of the one before. A last will comes to the message store.</summary>
public interface ISessionObserver
{
    Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken);

    /// <summary>It is connected and has subscriptions, of its session or new ones: what waits for it can be sent.</summary>
    Task ReceivesAsync(MqttIdentity identity, CancellationToken cancellationToken) => Task.CompletedTask;

    Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken);
}
