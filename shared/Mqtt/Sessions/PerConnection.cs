using System.Runtime.CompilerServices;

namespace IoTPlatform.Mqtt;

/// <summary>Something that each connection has for itself, from its first use until it ends.</summary>
public abstract class PerConnection<T> : ISessionObserver where T : class, IDisposable
{
    private readonly ConditionalWeakTable<MqttIdentity, T> _connections = [];

    public T Of(MqttIdentity connection) => _connections.GetValue(connection, Create);

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken)
    {
        if (_connections.TryGetValue(identity, out var owned))
        {
            owned.Dispose();
        }

        return Task.CompletedTask;
    }

    protected abstract T Create(MqttIdentity connection);
}
