using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt;

/// <summary>
/// PUBACK and PUBREC of one connection, each after the commit of its message and in the order in which the messages came (MQTT-4.6.0-2,
/// MQTT-4.6.0-3). Messages do not wait for each other on their way to the store.
/// </summary>
internal sealed class Acknowledgements(Connection connection, MqttLimits limits)
{
    private Task _last = Task.CompletedTask;
    private int _messages;
    private int _counted;
    private int _bytes;

    public bool HasRoom => Volatile.Read(ref _messages) < limits.InFlight && Volatile.Read(ref _bytes) < limits.InFlightBytes;

    /// <summary>More messages of QoS 1 and 2 than Receive Maximum: a protocol error of a client that was told (MQTT-3.3.4-9).</summary>
    public bool IsOverrun => Volatile.Read(ref _counted) >= limits.InFlight;

    /// <summary>Until all messages so far are committed.</summary>
    public Task DrainAsync() => _last;

    public void Add(MqttPublishPacket packet, Task<PublishOutcome> outcome)
    {
        var bytes = (int)connection.IncomingSize;
        var counted = packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce ? 0 : 1;
        Interlocked.Add(ref _counted, counted);
        Interlocked.Increment(ref _messages);
        Interlocked.Add(ref _bytes, bytes);
        _last = AcknowledgeAsync(_last, packet, bytes, counted, outcome);
    }

    private async Task AcknowledgeAsync(Task earlier, MqttPublishPacket packet, int bytes, int counted, Task<PublishOutcome> outcome)
    {
        await ((Task)outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await earlier;
        // Before it is sent: with it the client may send the next.
        Interlocked.Decrement(ref _messages);
        Interlocked.Add(ref _counted, -counted);
        Interlocked.Add(ref _bytes, -bytes);
        if (packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce || connection.ClosedFor is not null)
        {
            return;
        }

        if (!outcome.IsCompletedSuccessfully)
        {
            await connection.CloseAsync(MqttDisconnectReasonCode.ServerBusy, "The message could not be stored. Send it again later.");
        }
        else if (outcome.Result is { IsStored: false, IsFinal: false } refused && !connection.IsMqtt5)
        {
            await connection.CloseAsync(MqttDisconnectReasonCode.NotAuthorized, refused.Reason ?? "refused");
        }
        else
        {
            await SendAsync(packet, outcome);
        }
    }

    private async Task SendAsync(MqttPublishPacket packet, Task<PublishOutcome> stored)
    {
        var outcome = stored.Result;
        var session = connection.Session;
        if (!outcome.IsStored && connection.IsMqtt5)
        {
            // No PUBREL follows a PUBREC that refuses (MQTT 5 section 4.3.3).
            session.Received.TryRemove(packet.PacketIdentifier, out _);
        }

        MqttPacket acknowledgement = packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtLeastOnce
            ? new MqttPubAckPacket { PacketIdentifier = packet.PacketIdentifier, ReasonCode = outcome.ReasonCode, ReasonString = outcome.Reason }
            : new MqttPubRecPacket { PacketIdentifier = packet.PacketIdentifier, ReasonCode = (MqttPubRecReasonCode)outcome.ReasonCode, ReasonString = outcome.Reason };
        try
        {
            await connection.SendAcknowledgementAsync(acknowledgement);
            if (packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtLeastOnce)
            {
                session.Unacknowledged.TryRemove(KeyValuePair.Create(packet.PacketIdentifier, stored));
            }
        }
        catch (Exception)
        {
            // The client is gone. It sends the message again, as it has no acknowledgement; those that follow must not overtake it.
            await connection.CloseAsync(MqttDisconnectReasonCode.UnspecifiedError, "An acknowledgement could not be sent.");
        }
    }
}
