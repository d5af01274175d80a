using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.LocalServices;

/// <summary>A TCP port on loopback that a server is to listen at.</summary>
public static class ListeningPort
{
    /// <summary>Whether it takes a connection now.</summary>
    public static async Task<bool> IsOpenAsync(int port, CancellationToken cancellationToken)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
