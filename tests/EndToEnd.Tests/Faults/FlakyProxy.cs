using System.Net.Sockets;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Faults;

/// <summary>A TCP proxy that spoils connections, one after the other by a plan, and passes the rest on.</summary>
internal sealed class FlakyProxy : IAsyncDisposable
{
    private readonly LoopbackProxy _proxy;
    private readonly Func<int> _target;
    private readonly Queue<string> _plan;
    private int _spoiled;
    private int _passed;

    /// <param name="port">Where it listens.</param>
    /// <param name="target">Port on loopback that it passes on to.</param>
    /// <param name="plan">A fault for each connection, "pass" for none; afterwards all pass.</param>
    public FlakyProxy(int port, Func<int> target, IEnumerable<string> plan)
    {
        _target = target;
        _plan = new Queue<string>(plan);
        // Connections are taken one after the other, so the plan's order is theirs.
        _proxy = new LoopbackProxy(port, (connection, stop) => HandleAsync(connection, _plan.TryDequeue(out var fault) ? fault : "pass", stop));
    }

    public int Spoiled => _spoiled;

    /// <summary>Connections that were passed on.</summary>
    public int Passed => _passed;

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    private async Task HandleAsync(Socket connection, string fault, CancellationToken stop)
    {
        if (fault == "pass")
        {
            Interlocked.Increment(ref _passed);
            await LoopbackProxy.PassAsync(connection, _target(), answer: null, stop);
            return;
        }

        Interlocked.Increment(ref _spoiled);
        // The ClientHello is there: what follows breaks a handshake.
        await connection.ReceiveAsync(new byte[4096], stop);
        byte[] answer = fault switch
        {
            "alert" => [21, 3, 3, 0, 2, 2, 80],
            "http" => [.. "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<h1>busy</h1>"u8],
            _ => [],
        };
        await connection.SendAsync(answer, stop);
        connection.LingerState = new LingerOption(fault == "reset", 0);
    }
}
