using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>
/// The load tool's client of MQTT 3.1.1, over mTLS: it knows CONNECT, SUBSCRIBE and PUBLISH at QoS 1, both ways. A client library would cost this machine more than
/// the brokers that it measures.
/// </summary>
internal sealed class MqttLoadClient : IDisposable
{
    private const int LongestAnswer = 5;
    private static readonly SslApplicationProtocol Mqtt = new("mqtt");
    private readonly Socket _socket;
    private readonly SslStream _tls;
    private readonly string _topic;
    private readonly byte[] _input = new byte[4096];
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow().AddMinutes(-1);
    private int _buffered;
    private int _published;

    private MqttLoadClient(Socket socket, SslStream tls, string topic) => (_socket, _tls, _topic) = (socket, tls, topic);

    /// <summary>A full handshake, CONNECT and CONNACK.</summary>
    public static async Task<MqttLoadClient> ConnectAsync(MqttTarget target, MqttLoadIdentity identity, CancellationToken cancellationToken, bool clean = true)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync("127.0.0.1", target.Port, cancellationToken);
            var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    AllowTlsResume = false,
                    ApplicationProtocols = [Mqtt],
                    ClientCertificateContext = identity.Certificate,
                    // The brokers are this program's own, on loopback.
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
                }, cancellationToken);
            var client = new MqttLoadClient(socket, tls, identity.Topic);
            await client.SendAsync(0x10, [0, 4, .. "MQTT"u8, 4, (byte)(clean ? 2 : 0), 0, 0, .. Text(identity.ClientId)], cancellationToken);
            return await client.ReadAsync(cancellationToken) is (0x20, 0) ? client : throw new BenchmarkException($"{target.Name} refuses {identity.ClientId}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task SubscribeAsync(string filter, CancellationToken cancellationToken)
    {
        await SendAsync(0x82, [0, 1, .. Text(filter), 1], cancellationToken);
        await ReadAsync(cancellationToken);
    }

    /// <summary>Keeps <paramref name="window"/> messages unacknowledged until all are acknowledged.</summary>
    /// <param name="window">Of QoS 1.</param>
    /// <param name="milliseconds">Filled: from each PUBLISH to its PUBACK.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task PublishAsync(int window, ArraySegment<double> milliseconds, CancellationToken cancellationToken)
    {
        var sentAt = new long[window];
        var (sent, acknowledged) = (0, 0);
        while (acknowledged < milliseconds.Count)
        {
            var now = Stopwatch.GetTimestamp();
            for (; sent < milliseconds.Count && sent - acknowledged < window; sent++)
            {
                sentAt[sent % window] = now;
                Append();
            }

            await FlushAsync(cancellationToken);
            do
            {
                await ReadAsync(cancellationToken);
                // Acknowledged in order (MQTT-4.6.0-2).
                milliseconds[acknowledged] = Stopwatch.GetElapsedTime(sentAt[acknowledged % window]).TotalMilliseconds;
                acknowledged++;
            }
            while (HasPacket && acknowledged < milliseconds.Count);
        }
    }

    /// <summary>Acknowledges the next message, and publishes an answer below its topic; returns when that is acknowledged.</summary>
    public async Task AnswerAsync(CancellationToken cancellationToken)
    {
        await FillAsync(cancellationToken);
        if (_input[0] >> 4 != 3)
        {
            throw new BenchmarkException($"the broker sends {_input[0]:x2}, which is no message");
        }

        var start = _input[1] < 128 ? 2 : 3;
        var end = start + 2 + BinaryPrimitives.ReadUInt16BigEndian(_input.AsSpan(start));
        var (topic, id) = (Encoding.ASCII.GetString(_input, start + 2, end - start - 2), _input[end..(end + 2)]);
        Take();
        byte[] answer = [.. Text(topic + "/response"), 0, 1, .. "{}"u8];
        await _tls.WriteAsync((byte[])[0x40, 2, .. id, 0x32, (byte)answer.Length, .. answer], cancellationToken);
        if (await ReadAsync(cancellationToken) is not (0x40, 1))
        {
            throw new BenchmarkException("the answer is not acknowledged");
        }
    }

    /// <summary>Returns when the broker has ended the connection.</summary>
    public async Task UntilEndAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _tls.ReadAsync(_input, cancellationToken) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset: it has ended, too.
        }
    }

    public void Dispose()
    {
        _tls.Dispose();
        _socket.Dispose();
    }

    private bool HasPacket => Length is > 0 and var length && _buffered >= length;

    /// <summary>Of the first packet, with its header; 0 while that is incomplete. Below 16 KiB: one digit or two.</summary>
    private int Length => _buffered < 2 ? 0 : _input[1] < 128 ? 2 + _input[1] : _buffered < 3 ? 0 : 3 + (_input[1] & 127 | _input[2] << 7);

    private static byte[] Text(string text) => [(byte)(text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private void Append()
    {
        var number = _published++;
        var payload = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $$"""{"timestamp":"{{_start.AddMicroseconds(number):yyyy-MM-ddTHH:mm:ss.ffffffZ}}","temperature":21.5,"pressure":1013.25,"state":"running","sequence":{{number}}}"""));
        // Below 16 KiB: two digits.
        var length = 2 + _topic.Length + 2 + payload.Length;
        var packet = _output.GetSpan(3 + length);
        (packet[0], packet[1], packet[2]) = (0x32, (byte)(length & 127 | 128), (byte)(length >> 7));
        BinaryPrimitives.WriteUInt16BigEndian(packet[3..], (ushort)_topic.Length);
        Encoding.ASCII.GetBytes(_topic, packet[5..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[(5 + _topic.Length)..], (ushort)(number % ushort.MaxValue + 1));
        payload.CopyTo(packet[(7 + _topic.Length)..]);
        _output.Advance(3 + length);
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_output.WrittenCount > 0)
        {
            await _tls.WriteAsync(_output.WrittenMemory, cancellationToken);
            _output.ResetWrittenCount();
        }
    }

    private Task SendAsync(byte type, byte[] body, CancellationToken cancellationToken) => _tls.WriteAsync((byte[])[type, (byte)body.Length, .. body], cancellationToken).AsTask();

    /// <summary>The next answer: its first byte and its last.</summary>
    private async Task<(byte Type, byte Last)> ReadAsync(CancellationToken cancellationToken)
    {
        await FillAsync(cancellationToken);
        if (Length > LongestAnswer)
        {
            throw new BenchmarkException($"the broker sends {_input[0]:x2}, which is no answer");
        }

        var answer = (_input[0], _input[Length - 1]);
        Take();
        return answer;
    }

    /// <summary>Until a whole packet is there.</summary>
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        while (!HasPacket)
        {
            var read = await _tls.ReadAsync(_input.AsMemory(_buffered), cancellationToken);
            _buffered += read > 0 ? read : throw new BenchmarkException("the broker ends a connection");
        }
    }

    private void Take()
    {
        var length = Length;
        _buffered -= length;
        Buffer.BlockCopy(_input, length, _input, 0, _buffered);
    }
}
