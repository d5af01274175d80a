using System.Buffers;
using System.IO.Pipelines;
using MQTTnet.Exceptions;

namespace IoTPlatform.Mqtt;

/// <summary>
/// Refuses a packet by its fixed header (MQTT 5 section 2.1.4), before it is read: MQTTnet buffers whatever a client announces. A read
/// begins with a packet, because MQTTnet consumes whole ones.
/// </summary>
internal sealed class PacketSizeLimit(PipeReader inner, int limit) : PipeReader
{
    private volatile bool _closed;

    /// <summary>Bytes of a packet, with its header.</summary>
    public int Limit { get; set; } = limit;

    /// <summary>Awaited before the connection fails.</summary>
    public Func<Task> Exceeded { get; set; } = () => Task.CompletedTask;

    /// <summary>Nothing more is read, also by a read that waits now.</summary>
    public void Close()
    {
        _closed = true;
        inner.CancelPendingRead();
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        if (_closed)
        {
            throw new MqttCommunicationException("The connection was closed.");
        }

        var length = LengthOf(result.Buffer);
        if (result.IsCompleted && (length == 0 || length > result.Buffer.Length))
        {
            // MQTTnet would look at the same bytes for ever.
            throw new MqttCommunicationException("The connection ended within a packet, or before one.");
        }

        if (length > Limit)
        {
            await Exceeded();
            throw new MqttProtocolViolationException("The packet is too large.");
        }

        return result;
    }

    public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <summary>0 while the header is incomplete.</summary>
    private static long LengthOf(ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        var length = 0L;
        if (!reader.TryRead(out _))
        {
            return 0;
        }

        for (var shift = 0; shift <= 21; shift += 7)
        {
            if (!reader.TryRead(out var digit))
            {
                return 0;
            }

            length |= (long)(digit & 127) << shift;
            if (digit < 128)
            {
                return length + reader.Consumed;
            }
        }

        // A fifth digit: malformed (section 1.5.5).
        return long.MaxValue;
    }
}
