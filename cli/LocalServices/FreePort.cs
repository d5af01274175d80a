using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace IoTPlatform.LocalServices;

/// <summary>
/// Loopback TCP ports for servers that start later, from below the range of Linux's ephemeral ports. An abstract socket named after the
/// port reserves it for this process: other processes get other ports.
/// </summary>
public static class FreePort
{
    private const int First = 20_000;
    private const int End = 32_000;
    private static readonly ConcurrentBag<Socket> Kept = [];

    /// <summary>A port without a listener; never returns the same port twice.</summary>
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

    /// <summary>Null if the port is taken.</summary>
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
