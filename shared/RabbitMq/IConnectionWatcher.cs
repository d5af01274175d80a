namespace IoTPlatform.RabbitMq;

/// <summary>Wants to know who is connected to the host's RabbitMQ.</summary>
public interface IConnectionWatcher
{
    /// <summary>All there are; called again and again, by one process per database at a time.</summary>
    Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken);
}
