using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt;

/// <summary>
/// PUBACK and PUBREC of one connection, each after the commit of its message and in the order in which the messages came (MQTT-4.6.0-2,
/// MQTT-4.6.0-3). Messages do not wait for each other on their way to the store.
/// </summary>
internal sealed class Acknowledgements(Connection connection, MqttLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Queue<Pending> _pending = [];
    private Task _sending = Task.CompletedTask;
    private bool _isSending;
    private int _messages;
    private int _counted;
    private int _bytes;

    public bool HasRoom => Volatile.Read(ref _messages) < limits.InFlight && Volatile.Read(ref _bytes) < limits.InFlightBytes;

    /// <summary>More messages of QoS 1 and 2 than Receive Maximum: a protocol error of a client that was told (MQTT-3.3.4-9).</summary>
    public bool IsOverrun => Volatile.Read(ref _counted) >= limits.InFlight;

    /// <summary>Until all messages so far are committed.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            return _sending;
        }
    }

    public void Add(MqttPublishPacket packet, Task<PublishOutcome> outcome)
    {
        var pending = new Pending(packet, (int)connection.IncomingSize, outcome);
        Interlocked.Add(ref _counted, pending.Counted);
        Interlocked.Increment(ref _messages);
        Interlocked.Add(ref _bytes, pending.Bytes);
        lock (_gate)
        {
            _pending.Enqueue(pending);
            if (!_isSending)
            {
                _isSending = true;
                _sending = SendAsync();
            }
        }
    }

    /// <summary>Until nothing is pending.</summary>
    private async Task SendAsync()
    {
        while (First() is { } first)
        {
            await first.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // A commit is that of many messages, and who announces it goes on to announce the others: they leave together.
            await Task.Yield();
            var committed = TakeCommitted();
            var last = committed.FindLastIndex(pending => pending.Counted > 0);
            for (var i = 0; i < committed.Count; i++)
            {
                await AcknowledgeAsync(committed[i], isLast: i >= last);
            }
        }
    }

    private Task? First()
    {
        lock (_gate)
        {
            _isSending = _pending.TryPeek(out var first);
            return first?.Outcome;
        }
    }

    private List<Pending> TakeCommitted()
    {
        var committed = new List<Pending>();
        lock (_gate)
        {
            while (_pending.TryPeek(out var pending) && pending.Outcome.IsCompleted)
            {
                committed.Add(_pending.Dequeue());
            }
        }

        return committed;
    }

    private async Task AcknowledgeAsync(Pending pending, bool isLast)
    {
        // Before it is sent: with it the client may send the next.
        Interlocked.Decrement(ref _messages);
        Interlocked.Add(ref _counted, -pending.Counted);
        Interlocked.Add(ref _bytes, -pending.Bytes);
        var outcome = pending.Outcome;
        if (pending.Counted == 0 || connection.ClosedFor is not null)
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
            await SendAsync(pending.Packet, outcome, isLast);
        }
    }

    private async Task SendAsync(MqttPublishPacket packet, Task<PublishOutcome> stored, bool isLast)
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
            await connection.SendAcknowledgementAsync(acknowledgement, isLast);
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

    private sealed record Pending(MqttPublishPacket Packet, int Bytes, Task<PublishOutcome> Outcome)
    {
        /// <summary>Towards Receive Maximum, and to be acknowledged.</summary>
        public int Counted => Packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce ? 0 : 1;
    }
}
