using System.Diagnostics.Metrics;
using IoTPlatform.Telemetry;
using MQTTnet;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>
/// Sends over one connection: a window of QoS 1 publishes, and the cursor behind the acknowledged ones in order. Whatever breaks ends it; what the
/// cursor did not pass is sent again, and the provider knows it again.
/// </summary>
internal sealed partial class UplinkSender(UplinkConnection connection, UplinkCursor cursor, UplinkOptions options, UplinkMetrics metrics, ILogger log)
{
    /// <summary>Of a broker that takes nothing: RabbitMQ does not answer where a queue is full.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <summary>Messages that are read at a time.</summary>
    private const int ReadAhead = 512;

    /// <summary>Pages of the other streams in a row.</summary>
    private const int MostAhead = 4;

    private readonly Queue<(Progress Stream, IReadOnlyList<UplinkMessage> Messages, Task<MqttClientPublishResult> Outcome)> _inFlight = [];
    private readonly Progress[] _streams = [.. UplinkStream.All.Select(stream => new Progress(stream))];
    private UplinkSelection _selection = new(options);
    private int _putBacks = -1;
    private int _ahead;

    /// <summary>Sends what waits now, from where the cursor is. False: there was nothing.</summary>
    public async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        if (_putBacks != cursor.PutBacks)
        {
            _putBacks = cursor.PutBacks;
            _selection = new UplinkSelection(options);
            foreach (var progress in _streams)
            {
                progress.Stored = progress.Acknowledged = await cursor.ReadAsync(progress.Stream, cancellationToken);
            }
        }

        try
        {
            return await SendWaitingAsync(cancellationToken);
        }
        catch (UplinkBudgetException)
        {
            // What was acknowledged before has been paid for, and is not to be paid for again.
            await StoreAsync(cancellationToken);
            throw;
        }
    }

    private async Task<bool> SendWaitingAsync(CancellationToken cancellationToken)
    {
        foreach (var progress in _streams)
        {
            progress.Sent = progress.Acknowledged;
        }

        var any = false;
        while (await NextAsync(cancellationToken) is var (stream, messages))
        {
            var selected = messages.Where(message => _selection.Selects(message.Topic, message.SentAt));
            foreach (var part in connection.TakesBatches ? UplinkBatches.Of(selected) : selected.Chunk(1))
            {
                if (_inFlight.Count == connection.Window)
                {
                    await RetireAsync(cancellationToken);
                }

                _inFlight.Enqueue((stream, part, PublishAsync(part, cancellationToken)));
                any = true;
            }

            stream.Sent = messages[^1].Sequence;
            await StoreAsync(cancellationToken);
        }

        while (_inFlight.Count > 0)
        {
            await RetireAsync(cancellationToken);
        }

        // Past those that do not go up.
        foreach (var progress in _streams)
        {
            progress.Acknowledged = progress.Sent;
        }

        await StoreAsync(cancellationToken);
        return any;
    }

    /// <summary>Looked for anew with every page: an event waits for one page of telemetry at most, and telemetry for a few of the others. Null: nothing waits.</summary>
    private async Task<(Progress Stream, IReadOnlyList<UplinkMessage> Messages)?> NextAsync(CancellationToken cancellationToken)
    {
        foreach (var progress in _ahead < MostAhead ? _streams : [_streams[^1], .. _streams[..^1]])
        {
            if (await cursor.NextAsync(progress.Stream, progress.Sent, ReadAhead, cancellationToken) is { Count: > 0 } messages)
            {
                _ahead = ReferenceEquals(progress, _streams[^1]) ? 0 : _ahead + 1;
                return (progress, messages);
            }
        }

        return null;
    }

    private Task<MqttClientPublishResult> PublishAsync(IReadOnlyList<UplinkMessage> messages, CancellationToken cancellationToken)
    {
        var (topic, payload) = messages is [var only] ? (only.Topic, only.Payload) : (TelemetryBatch.Topic, TelemetryBatch.Pack(messages.Select(message => (message.Topic, message.Payload))));
        return connection.Client.PublishAsync(
            new MqttApplicationMessage { Topic = topic, PayloadSegment = payload, QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }, cancellationToken);
    }

    private async Task RetireAsync(CancellationToken cancellationToken)
    {
        var (stream, messages, outcome) = _inFlight.Peek();
        var result = await outcome.WaitAsync(LongestWait, cancellationToken);
        _inFlight.Dequeue();
        if (IsFinal(result) && messages.Count > 1)
        {
            // One of them is refused, and which one is found by sending each alone.
            foreach (var message in messages)
            {
                Judge(stream, [message], await PublishAsync([message], cancellationToken).WaitAsync(LongestWait, cancellationToken));
            }
        }
        else
        {
            Judge(stream, messages, result);
        }
    }

    private void Judge(Progress stream, IReadOnlyList<UplinkMessage> messages, MqttClientPublishResult result)
    {
        if (result is { IsSuccess: true, ReasonCode: not MqttClientPublishReasonCode.NoMatchingSubscribers })
        {
            metrics.Sent(messages.Count);
        }
        else if (IsFinal(result))
        {
            // Sending it again would not help, and the others wait behind it.
            metrics.Refused(result.ReasonString);
            Refused(messages[0].Sequence, result.ReasonCode, result.ReasonString);
        }
        else if (result.ReasonCode == MqttClientPublishReasonCode.QuotaExceeded)
        {
            throw new UplinkBudgetException(result.ReasonString ?? "The provider takes no more at the moment.");
        }
        else
        {
            throw new IOException($"The broker does not take a message: {result.ReasonCode} {result.ReasonString}".TrimEnd());
        }

        stream.Acknowledged = messages[^1].Sequence;
    }

    private static bool IsFinal(MqttClientPublishResult result) => result.ReasonCode is MqttClientPublishReasonCode.PayloadFormatInvalid or MqttClientPublishReasonCode.TopicNameInvalid;

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        foreach (var progress in _streams.Where(progress => progress.Acknowledged > progress.Stored))
        {
            progress.Stored = await cursor.MoveAsync(progress.Stream, progress.Stored, progress.Acknowledged, cancellationToken)
                ? progress.Acknowledged
                : throw new IOException("The cursor was put back: sending again from there.");
        }
    }

    /// <summary>How far a stream is sent, acknowledged, and known to be.</summary>
    private sealed class Progress(UplinkStream stream)
    {
        public UplinkStream Stream => stream;
        public long Sent { get; set; }
        public long Acknowledged { get; set; }
        public long Stored { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider refuses telemetry message {Sequence}: {Code} {Reason}. It stays here until retention ends")]
    private partial void Refused(long sequence, MqttClientPublishReasonCode code, string? reason);
}

/// <summary>What the plan lets this tenant send is used up; the message says until when.</summary>
internal sealed class UplinkBudgetException(string message) : Exception(message);

/// <summary>Counters for meter listeners.</summary>
internal sealed class UplinkMetrics : IDisposable
{
    public const string Name = "IoTPlatform.Uplink";
    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _sent;
    private readonly Counter<long> _refused;
    private long _sentTotal;
    private long _refusedTotal;

    public UplinkMetrics()
    {
        _sent = _meter.CreateCounter<long>("iot.uplink.sent", "{message}", "Acknowledged by the provider's broker.");
        _refused = _meter.CreateCounter<long>("iot.uplink.refused", "{message}", "Refused for good, and passed over.");
    }

    /// <summary>Since the start.</summary>
    public long SentTotal => Interlocked.Read(ref _sentTotal);

    /// <summary>Since the start.</summary>
    public long RefusedTotal => Interlocked.Read(ref _refusedTotal);

    public void Sent(int messages)
    {
        _sent.Add(messages);
        Interlocked.Add(ref _sentTotal, messages);
    }

    public void Refused(string? reason)
    {
        Interlocked.Increment(ref _refusedTotal);
        _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    public void Dispose() => _meter.Dispose();
}
