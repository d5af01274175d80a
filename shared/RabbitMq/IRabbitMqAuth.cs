namespace IoTPlatform.RabbitMq;

/// <summary>What a RabbitMQ asks before it lets somebody do something. Names are RabbitMQ's own; every question can come at any time, in any order.</summary>
public interface IRabbitMqAuth
{
    /// <param name="username">Login.</param>
    /// <param name="withPassword">Somebody typed it; else it is the name in a certificate that the broker has verified.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    ValueTask<bool> MayLogInAsync(string username, bool withPassword, CancellationToken cancellationToken);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Where it wants to.</param>
    /// <param name="clientId">MQTT client id; null: another protocol.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    ValueTask<bool> MayEnterAsync(string username, string vhost, string? clientId, CancellationToken cancellationToken);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Of the connection.</param>
    /// <param name="resource"><c>queue</c> or <c>exchange</c>.</param>
    /// <param name="name">Of the queue or exchange.</param>
    /// <param name="permission"><c>configure</c>, <c>write</c> or <c>read</c>.</param>
    bool MayUse(string username, string vhost, string resource, string name, string permission);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Of the connection.</param>
    /// <param name="exchange">Topic exchange.</param>
    /// <param name="permission"><c>write</c> or <c>read</c>.</param>
    /// <param name="routingKey">MQTT topic or filter with dots between its levels, and <c>*</c> for <c>+</c>.</param>
    bool MayTopic(string username, string vhost, string exchange, string permission, string routingKey);
}
