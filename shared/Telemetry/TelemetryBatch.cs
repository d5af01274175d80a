using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Telemetry;

/// <summary>
/// Messages of a bridge in one, for a broker that offers to take them: topic and payload of each behind their lengths (4 bytes, big-endian), all of it
/// compressed (Brotli, RFC 7932). Each stays the message that it is alone.
/// </summary>
public static class TelemetryBatch
{
    /// <summary>Under which it is published.</summary>
    public const string Topic = "telemetry-batch";

    /// <summary>User property of CONNACK by which a broker offers to take batches, and its value.</summary>
    public const string Offer = "iot-telemetry-batch";
    public const string Version = "1";

    public const int MostMessages = 256;

    /// <summary>Of topics and payloads, as they are when unpacked; the longest message fits.</summary>
    public const int MostBytes = 128 * 1024;

    /// <summary>The reason for which one is refused that is malformed, or more than allowed.</summary>
    public const string Malformed = "not_a_batch";

    private const int Around = 2 * sizeof(int) * MostMessages;

    /// <summary>Fast: text in JSON becomes a fifth at any quality.</summary>
    private const int Quality = 1;
    private const int Window = 18;

    /// <summary>Room that a message takes of <see cref="MostBytes"/>, or more.</summary>
    public static int SizeOf(string topic, int payloadLength) => Encoding.UTF8.GetMaxByteCount(topic.Length) + payloadLength;

    /// <param name="messages">No more than fit.</param>
    public static byte[] Pack(IEnumerable<(string Topic, byte[] Payload)> messages)
    {
        var plain = new ArrayBufferWriter<byte>(MostBytes);
        foreach (var (topic, payload) in messages)
        {
            Write(plain, Encoding.UTF8.GetBytes(topic));
            Write(plain, payload);
        }

        var packed = new byte[BrotliEncoder.GetMaxCompressedLength(plain.WrittenCount)];
        return BrotliEncoder.TryCompress(plain.WrittenSpan, packed, out var length, Quality, Window) ? packed[..length] : throw new InvalidOperationException("Brotli needs more room than it says.");
    }

    /// <summary>Null: <see cref="Malformed"/>. Memory is bounded whatever it is.</summary>
    public static IReadOnlyList<(string Topic, ReadOnlyMemory<byte> Payload)>? Unpack(ReadOnlySpan<byte> packed)
    {
        var rented = ArrayPool<byte>.Shared.Rent(MostBytes + Around);
        try
        {
            return BrotliDecoder.TryDecompress(packed, rented, out var length) ? Read(rented.AsSpan(0, length).ToArray()) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static List<(string Topic, ReadOnlyMemory<byte> Payload)>? Read(ReadOnlyMemory<byte> plain)
    {
        var messages = new List<(string, ReadOnlyMemory<byte>)>();
        while (!plain.IsEmpty)
        {
            if (messages.Count == MostMessages || !TryTake(ref plain, TelemetryFormat.LongestTopic, out var topic) || !TryTake(ref plain, MostBytes, out var payload))
            {
                return null;
            }

            messages.Add((Encoding.UTF8.GetString(topic.Span), payload));
        }

        return messages;
    }

    private static bool TryTake(ref ReadOnlyMemory<byte> plain, int most, out ReadOnlyMemory<byte> taken)
    {
        taken = default;
        if (plain.Length < sizeof(int) || BinaryPrimitives.ReadInt32BigEndian(plain.Span) is var length && (length < 0 || length > most || length > plain.Length - sizeof(int)))
        {
            return false;
        }

        taken = plain.Slice(sizeof(int), length);
        plain = plain[(sizeof(int) + length)..];
        return true;
    }

    private static void Write(ArrayBufferWriter<byte> plain, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(plain.GetSpan(sizeof(int)), bytes.Length);
        plain.Advance(sizeof(int));
        plain.Write(bytes);
    }
}
