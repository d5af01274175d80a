using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>From PUBLISH to the store: topic, permission, limits, once per packet identifier at QoS 2.</summary>
internal sealed partial class Publishing(IMessageStore store, Wills wills, BrokerMetrics metrics, TimeProvider time, ILogger<Publishing> log)
{
    private const int LongestLogged = 256;

    /// <summary>Instead of MQTTnet's routing, whose cost grows with the subscribers of other topics.</summary>
    public Task PublishAsync(InterceptingPublishEventArgs args)
    {
        args.ProcessPublish = false;
        var connection = Connection.Of(args.SessionItems);
        // A server that ended after it was given a packet drops that; what comes then is the will.
        return connection.TakeIncoming() is { } packet && packet.Topic == args.ApplicationMessage.Topic ? ReceiveAsync(connection, packet) : LeaveWillAsync(connection, args.ApplicationMessage);
    }

    public async Task ReceiveAsync(Connection connection, MqttPublishPacket packet)
    {
        if (!TopicSyntax.IsName(packet.Topic))
        {
            await connection.CloseAsync(MqttDisconnectReasonCode.TopicNameInvalid, "A topic name has no wildcards and no control characters, and is not empty.");
        }
        else if (packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce)
        {
            ReceiveAtMostOnce(connection, packet);
        }
        else if (IsOverrun(connection, packet))
        {
            await connection.CloseAsync(MqttDisconnectReasonCode.ReceiveMaximumExceeded, "More messages than Receive Maximum are not acknowledged.");
        }
        else
        {
            if (!connection.Acknowledgements.HasRoom)
            {
                // A connection that ends waits for no commit: the client's next one waits for its end.
                await connection.Acknowledgements.DrainAsync().WaitAsync(connection.Transport.ConnectionClosed);
            }

            connection.Acknowledgements.Add(packet, StoreOnceAsync(connection, packet));
        }
    }

    /// <summary>Receive Maximum counts messages of QoS 2 until their PUBREL (MQTT-3.3.4-9). Clients of MQTT 3.1.1 were not told: they wait, unless they never release.</summary>
    private static bool IsOverrun(Connection connection, MqttPublishPacket packet) =>
        (connection.IsMqtt5 && connection.Acknowledgements.IsOverrun)
        || (packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.ExactlyOnce && connection.Session.Received.Count >= connection.Identity!.Limits.InFlight && !connection.Session.Received.ContainsKey(packet.PacketIdentifier));

    private void ReceiveAtMostOnce(Connection connection, MqttPublishPacket packet)
    {
        if (connection.Acknowledgements.HasRoom)
        {
            connection.Acknowledgements.Add(packet, StoreAsync(connection, packet));
        }
        else
        {
            metrics.Dropped();
        }
    }

    /// <summary>
    /// A packet identifier stands for the same message, on the client's next connection too: at QoS 2 until PUBREL (MQTT-4.3.3-10), at QoS 1 until
    /// PUBACK was sent, where it comes again as a duplicate.
    /// </summary>
    private Task<PublishOutcome> StoreOnceAsync(Connection connection, MqttPublishPacket packet)
    {
        var (kept, isKnown) = packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.ExactlyOnce ? (connection.Session.Received, true) : (connection.Session.Unacknowledged, packet.Dup);
        if (isKnown && kept.TryGetValue(packet.PacketIdentifier, out var earlier) && !earlier.IsFaulted && !(earlier.IsCompletedSuccessfully && !earlier.Result.IsStored))
        {
            return earlier;
        }

        return kept[packet.PacketIdentifier] = StoreAsync(connection, packet);
    }

    private Task<PublishOutcome> StoreAsync(Connection connection, MqttPublishPacket packet) => StoreAsync(connection, new MqttApplicationMessage
    {
        Topic = packet.Topic,
        Payload = packet.Payload,
        QualityOfServiceLevel = packet.QualityOfServiceLevel,
        Retain = packet.Retain,
        ContentType = packet.ContentType,
        ResponseTopic = packet.ResponseTopic,
        CorrelationData = packet.CorrelationData,
        UserProperties = packet.UserProperties,
    }, isWill: false);

    private async Task<PublishOutcome> StoreAsync(Connection connection, MqttApplicationMessage message, bool isWill)
    {
        var identity = connection.Identity!;
        if (identity.Access.Publishable(message.Topic) is not { } topic)
        {
            metrics.Refused();
            Denied(identity.Name, message.Topic.Length > LongestLogged ? message.Topic[..LongestLogged] : message.Topic);
            return PublishOutcome.Refused(MqttPubAckReasonCode.NotAuthorized, "This client may not publish under this topic.");
        }

        try
        {
            var outcome = await store.StoreAsync(new PublishedMessage
            {
                Publisher = identity,
                Topic = topic,
                Payload = message.Payload.ToArray(),
                QualityOfService = message.QualityOfServiceLevel,
                Retain = message.Retain,
                IsWill = isWill,
                ReceivedAt = time.GetUtcNow(),
                ContentType = message.ContentType,
                ResponseTopic = message.ResponseTopic,
                CorrelationData = message.CorrelationData,
                UserProperties = message.UserProperties is { Count: > 0 } properties
                    ? [.. properties.Select(property => KeyValuePair.Create(property.Name, Encoding.UTF8.GetString(property.ValueBuffer.Span)))]
                    : [],
            }, CancellationToken.None);
            metrics.Published(outcome.IsStored);
            return outcome;
        }
        catch (Exception e)
        {
            NotStored(identity.Name, e);
            throw;
        }
    }

    private Task LeaveWillAsync(Connection connection, MqttApplicationMessage message)
    {
        // A client that was thrown off for what it is has no last word.
        if (connection.ClosedFor is not (MqttDisconnectReasonCode.NotAuthorized or MqttDisconnectReasonCode.AdministrativeAction))
        {
            wills.Leave(connection, () => StoreAsync(connection, message, isWill: true));
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Client} may not publish {Topic}")]
    private partial void Denied(string client, string topic);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A message of {Client} could not be stored, and is not acknowledged")]
    private partial void NotStored(string client, Exception e);
}
