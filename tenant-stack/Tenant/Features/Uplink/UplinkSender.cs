using System.Diagnostics.Metrics;
using MQTTnet;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>
/// Sends over one connection: a window of QoS 1 publishes, and the cursor behind the acknowledged ones in order. Whatever breaks ends it; what the
/// cursor did not pass is sent again, and the provider knows it again.
/// </summary>
internal sealed partial class UplinkSender(UplinkConnection connection, UplinkCursor cursor, UplinkMetrics metrics, ILogger log)
{
    /// <summary>Of a broker that takes nothing: RabbitMQ does not answer where a queue is full.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly Queue<(long Sequence, Task<MqttClientPublishResult> Outcome)> _inFlight = [];
    private int _putBacks = -1;
    private long _stored;
    private long _acknowledged;

    /// <summary>Sends what waits now, from where the cursor is. False: there was nothing.</summary>
    public async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        if (_putBacks != cursor.PutBacks)
        {
            _putBacks = cursor.PutBacks;
            _stored = _acknowledged = await cursor.ReadAsync(cancellationToken);
        }

        var sent = _acknowledged;
        while (await cursor.NextAsync(sent, UplinkConnection.LargestWindow, cancellationToken) is { Count: > 0 } messages)
        {
            foreach (var message in messages)
            {
                if (_inFlight.Count == connection.Window)
                {
                    await RetireAsync(cancellationToken);
                }

                _inFlight.Enqueue((message.Sequence, connection.Client.PublishAsync(
                    new MqttApplicationMessage { Topic = message.Topic, PayloadSegment = message.Payload, QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }, cancellationToken)));
                sent = message.Sequence;
            }

            await StoreAsync(cancellationToken);
        }

        var any = _inFlight.Count > 0;
        while (_inFlight.Count > 0)
        {
            await RetireAsync(cancellationToken);
        }

        await StoreAsync(cancellationToken);
        return any;
    }

    private async Task RetireAsync(CancellationToken cancellationToken)
    {
        var (sequence, outcome) = _inFlight.Peek();
        var result = await outcome.WaitAsync(LongestWait, cancellationToken);
        _inFlight.Dequeue();
        if (result is { IsSuccess: true, ReasonCode: not MqttClientPublishReasonCode.NoMatchingSubscribers })
        {
            metrics.Sent();
        }
        else if (result.ReasonCode is MqttClientPublishReasonCode.PayloadFormatInvalid or MqttClientPublishReasonCode.TopicNameInvalid)
        {
            // Sending it again would not help, and the others wait behind it.
            metrics.Refused(result.ReasonString);
            Refused(sequence, result.ReasonCode, result.ReasonString);
        }
        else
        {
            throw new IOException($"The broker does not take a message: {result.ReasonCode} {result.ReasonString}".TrimEnd());
        }

        _acknowledged = sequence;
    }

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        if (_acknowledged > _stored)
        {
            _stored = await cursor.MoveAsync(_stored, _acknowledged, cancellationToken) ? _acknowledged : throw new IOException("The cursor was put back: sending again from there.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider refuses telemetry message {Sequence}: {Code} {Reason}. It stays here until retention ends")]
    private partial void Refused(long sequence, MqttClientPublishReasonCode code, string? reason);
}

/// <summary>Counters for meter listeners.</summary>
internal sealed class UplinkMetrics : IDisposable
{
    public const string Name = "IoTPlatform.Uplink";
    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _sent;
    private readonly Counter<long> _refused;

    public UplinkMetrics()
    {
        _sent = _meter.CreateCounter<long>("iot.uplink.sent", "{message}", "Acknowledged by the provider's broker.");
        _refused = _meter.CreateCounter<long>("iot.uplink.refused", "{message}", "Refused for good, and passed over.");
    }

    public void Sent() => _sent.Add(1);

    public void Refused(string? reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();
}
