using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Stacks;

/// <summary>A TCP proxy on loopback: each connection is handled by whoever has made it, and ends with the proxy.</summary>
public sealed class LoopbackProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<Socket, CancellationToken, Task> _handle;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    /// <param name="port">Where it listens; 0 for any.</param>
    /// <param name="handle">Its connection is closed afterwards. Either side going away is no failure.</param>
    public LoopbackProxy(int port, Func<Socket, CancellationToken, Task> handle)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _handle = handle;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Passes a connection on until either side ends.</summary>
    /// <param name="connection">The client's.</param>
    /// <param name="target">The server's port on loopback.</param>
    /// <param name="answer">Passes what the server (the first stream) says to the client; null to copy it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task PassAsync(Socket connection, int target, Func<Stream, Stream, CancellationToken, Task>? answer, CancellationToken cancellationToken)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(IPAddress.Loopback, target, cancellationToken);
        await using var near = new NetworkStream(connection);
        await using var far = new NetworkStream(server);
        await Task.WhenAny(near.CopyToAsync(far, cancellationToken), answer is null ? far.CopyToAsync(near, cancellationToken) : answer(far, near, cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(HandleAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task HandleAsync(Socket connection)
    {
        using var owned = connection;
        try
        {
            await _handle(connection, _stop.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            // One side went away.
        }
    }
}
