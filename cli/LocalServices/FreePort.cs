using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace IoTPlatform.LocalServices;

/// <summary>
/// Loopback TCP ports for servers that start later, from below the range out of which Linux serves clients and whoever asks for any
/// port. An abstract socket of the port's number keeps it for this process: another one that asks gets another.
/// </summary>
public static class FreePort
{
    private const int First = 20_000;
    private const int End = 32_000;
    private static readonly ConcurrentBag<Socket> Kept = [];

    /// <summary>One that nobody listens on now, never the same twice.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (TryBind(new UnixDomainSocketEndPoint(string.Create(CultureInfo.InvariantCulture, $"\0iot-port-{port}"))) is not { } kept)
            {
                continue;
            }

            using var listener = TryBind(new IPEndPoint(IPAddress.Loopback, port));
            if (listener is not null)
            {
                Kept.Add(kept);
                return port;
            }

            kept.Dispose();
        }
    }

    public static int[] Next(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    /// <summary>Null: somebody has it.</summary>
    private static Socket? TryBind(EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(address);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            // Anything else would be the same for every port.
            if (e.SocketErrorCode != SocketError.AddressAlreadyInUse)
            {
                throw;
            }

            return null;
        }
    }
}
