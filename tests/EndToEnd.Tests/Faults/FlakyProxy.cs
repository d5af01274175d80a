using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.EndToEnd.Tests.Faults;

/// <summary>A TCP proxy that spoils connections, one after the other by a plan, and passes the rest on.</summary>
internal sealed class FlakyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<int> _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private readonly Queue<string> _plan;
    private int _spoiled;

    /// <param name="port">Where it listens.</param>
    /// <param name="target">Port on loopback that it passes on to.</param>
    /// <param name="plan">A fault for each connection, "pass" for none; afterwards all pass.</param>
    public FlakyProxy(int port, Func<int> target, IEnumerable<string> plan)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _target = target;
        _plan = new Queue<string>(plan);
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Spoiled => _spoiled;

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
                var connection = await _listener.AcceptSocketAsync(_stop.Token);
                connections.Add(HandleAsync(connection, _plan.TryDequeue(out var fault) ? fault : "pass"));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task HandleAsync(Socket connection, string fault)
    {
        using var owned = connection;
        try
        {
            if (fault == "pass")
            {
                await PassAsync(connection);
                return;
            }
            Interlocked.Increment(ref _spoiled);
            // The ClientHello is there: what follows breaks a handshake.
            await connection.ReceiveAsync(new byte[4096], _stop.Token);
            byte[] answer = fault switch
            {
                "alert" => [21, 3, 3, 0, 2, 2, 80],
                "http" => [.. "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<h1>busy</h1>"u8],
                _ => [],
            };
            await connection.SendAsync(answer, _stop.Token);
            connection.LingerState = new LingerOption(fault == "reset", 0);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            // One side went away.
        }
    }

    private async Task PassAsync(Socket connection)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(IPAddress.Loopback, _target(), _stop.Token);
        await using var near = new NetworkStream(connection);
        await using var far = new NetworkStream(server);
        await Task.WhenAny(near.CopyToAsync(far, _stop.Token), far.CopyToAsync(near, _stop.Token));
    }
}
