using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>
/// Messages to one client: at most its Receive Maximum under way (MQTT-3.3.4-9), then a bounded queue. Where that is full the oldest message of QoS 0
/// makes room; one of QoS 1 is never dropped, but refused to its sender.
/// </summary>
internal sealed class Deliveries(Connection connection, MqttLimits limits, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ushort, Delivery> _underWay = [];
    private readonly LinkedList<Delivery> _waiting = new();
    private int _slots;
    private bool _ended;

    /// <summary>MQTTnet's session; null: not connected yet.</summary>
    public MqttSessionStatus? Target { get; set; }

    private int Window => Math.Min(limits.InFlight, connection.Connect!.ReceiveMaximum is 0 ? ushort.MaxValue : connection.Connect.ReceiveMaximum);

    public async Task<DeliveryOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        // Of the properties only what is set here: the fixed part is shorter than 64 bytes.
        var length = 64 + System.Text.Encoding.UTF8.GetByteCount(message.Topic) + message.Payload.Length + message.CorrelationData.Length + (message.ContentType?.Length ?? 0) + (message.ResponseTopic?.Length ?? 0);
        if (connection.Connect!.MaximumPacketSize is var most and > 0 && length > most)
        {
            return DeliveryOutcome.TooLong;
        }

        var delivery = new Delivery(message);
        lock (_gate)
        {
            if (_ended || Target is null)
            {
                return DeliveryOutcome.NotConnected;
            }

            if (_waiting.Count >= limits.Queue && !DropOldestOfQos0())
            {
                return DeliveryOutcome.QueueFull;
            }

            _waiting.AddLast(delivery);
            StartWaiting();
        }

        return await delivery.Outcome.Task.WaitAsync(cancellationToken);
    }

    public void Acknowledged(MqttPubAckPacket packet)
    {
        lock (_gate)
        {
            if (_underWay.Remove(packet.PacketIdentifier, out var delivery))
            {
                Finish(delivery, packet.ReasonCode < MqttPubAckReasonCode.UnspecifiedError ? DeliveryOutcome.Delivered : DeliveryOutcome.Refused);
            }
        }
    }

    /// <summary>With the connection.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            foreach (var delivery in _underWay.Values.Concat(_waiting))
            {
                delivery.Outcome.TrySetResult(DeliveryOutcome.NotConnected);
            }

            _underWay.Clear();
            _waiting.Clear();
        }
    }

    private bool DropOldestOfQos0()
    {
        if (_waiting.FirstOrDefault(waiting => !waiting.Message.AtLeastOnce) is not { } oldest)
        {
            return false;
        }

        _waiting.Remove(oldest);
        oldest.Outcome.TrySetResult(DeliveryOutcome.QueueFull);
        return true;
    }

    private void StartWaiting()
    {
        while (!_ended && _slots < Window && _waiting.First is { Value: var delivery })
        {
            _waiting.RemoveFirst();
            if (delivery.Message.ExpiresAt <= time.GetUtcNow())
            {
                delivery.Outcome.TrySetResult(DeliveryOutcome.Expired);
                continue;
            }

            _slots++;
            Start(delivery, Target!);
        }
    }

    private void Start(Delivery delivery, MqttSessionStatus target)
    {
        var message = PacketOf(delivery.Message);
        if (!delivery.Message.AtLeastOnce)
        {
            _ = SendOnceAsync(delivery, target.DeliverApplicationMessageAsync(message));
        }
        else if (target.TryEnqueueApplicationMessage(message, out var sent) && sent.PacketIdentifier is { } identifier and > 0)
        {
            _underWay[identifier] = delivery;
        }
        else
        {
            Finish(delivery, DeliveryOutcome.QueueFull);
        }
    }

    private async Task SendOnceAsync(Delivery delivery, Task sent)
    {
        await sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            Finish(delivery, sent.IsCompletedSuccessfully ? DeliveryOutcome.Delivered : DeliveryOutcome.NotConnected);
        }
    }

    private void Finish(Delivery delivery, DeliveryOutcome outcome)
    {
        _slots--;
        delivery.Outcome.TrySetResult(outcome);
        StartWaiting();
    }

    private MqttApplicationMessage PacketOf(OutboundMessage message) => new()
    {
        Topic = message.Topic,
        PayloadSegment = message.Payload.ToArray(),
        QualityOfServiceLevel = message.AtLeastOnce ? MqttQualityOfServiceLevel.AtLeastOnce : MqttQualityOfServiceLevel.AtMostOnce,
        ContentType = message.ContentType,
        ResponseTopic = message.ResponseTopic,
        CorrelationData = message.CorrelationData.IsEmpty ? null : message.CorrelationData.ToArray(),
        MessageExpiryInterval = message.ExpiresAt is { } end ? (uint)Math.Max(1, (end - time.GetUtcNow()).TotalSeconds) : 0,
    };

    private sealed class Delivery(OutboundMessage message)
    {
        public OutboundMessage Message { get; } = message;

        public TaskCompletionSource<DeliveryOutcome> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
