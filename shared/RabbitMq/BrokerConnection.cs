namespace IoTPlatform.RabbitMq;

/// <summary>Somebody who is connected to a RabbitMQ at this moment, on any protocol.</summary>
/// <param name="User">Login; null while it is still logging in.</param>
/// <param name="Vhost">As of <paramref name="User"/>.</param>
public sealed record BrokerConnection(string? User, string? Vhost);
