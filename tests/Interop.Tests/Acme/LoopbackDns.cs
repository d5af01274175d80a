using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Interop.Tests.Acme;

/// <summary>A DNS in which every name is this machine (RFC 1035 4.1): machines know no more than <c>localhost</c> of themselves.</summary>
internal sealed class LoopbackDns : IAsyncDisposable
{
    private const int HeaderBytes = 12;
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public LoopbackDns() => _serving = ServeAsync();

    public IPEndPoint Address => (IPEndPoint)_socket.Client.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var question = await _socket.ReceiveAsync(_stop.Token);
                await _socket.SendAsync(Answer(question.Buffer), question.RemoteEndPoint, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // Stopped, or nobody waits for the answer.
            }
        }
    }

    private static byte[] Answer(byte[] question)
    {
        const byte A = 1;
        var end = HeaderBytes;
        while (question[end] > 0)
        {
            end += question[end] + 1;
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(end + 1));
        byte[] answer = type == A ? [0xc0, HeaderBytes, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, .. IPAddress.Loopback.GetAddressBytes()] : [];
        return [question[0], question[1], 0x81, 0x80, 0, 1, 0, (byte)(type == A ? 1 : 0), 0, 0, 0, 0, .. question[HeaderBytes..(end + 5)], .. answer];
    }
}
