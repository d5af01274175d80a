using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Testing;

public static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>A loopback TCP port nobody listens on now. No two calls of one process return the same.</summary>
    public static int Next()
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            if (Given.TryAdd(port, true))
            {
                return port;
            }
        }
    }
}
