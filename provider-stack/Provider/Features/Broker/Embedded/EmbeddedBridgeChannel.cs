using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Features.Commands;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>To the sessions that tenants' bridges have at this process.</summary>
internal sealed class EmbeddedBridgeChannel(BridgeSessions bridges, MqttSessions sessions) : IBridgeChannel
{
    public IReadOnlyCollection<string> Tenants => [.. bridges.ConnectedTenants];

    public Task SendAsync(string tenantId, string topic, ReadOnlyMemory<byte> payload, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var message = new OutboundMessage { Topic = topic, Payload = payload, ContentType = "application/json", ResponseTopic = topic + "/response", ExpiresAt = expiresAt };
        foreach (var name in bridges.Of(tenantId).ToList())
        {
            // Not waited for: a slow bridge holds up no other.
            _ = sessions.SendAsync(name, message, cancellationToken);
        }

        return Task.CompletedTask;
    }
}
