using Microsoft.Extensions.Logging;

namespace IoTPlatform.Database;

/// <summary>Keeps a server running: when it dies, starts the next one, with pauses that grow while it keeps dying.</summary>
internal sealed class PostgresSupervisor(Func<PostgresServerProcess> create, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StableAfter = TimeSpan.FromMinutes(1);
    private readonly CancellationTokenSource _stop = new();
    private volatile PostgresServerProcess? _server;
    private Task _watch = Task.CompletedTask;

    public event Action? Restarted;

    public int ServerProcessId => _server?.Id ?? throw new InvalidOperationException("the server is not started");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server = create();
        await _server.StartAsync(cancellationToken);
        PostgresLog.Started(logger, _server.Id);
        _watch = WatchAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch;
        if (_server is { } server)
        {
            await server.StopAsync();
            server.Dispose();
        }

        _stop.Dispose();
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        var pause = FirstPause;
        var started = time.GetTimestamp();
        try
        {
            while (true)
            {
                await _server!.Exited.WaitAsync(stop);
                pause = time.GetElapsedTime(started) >= StableAfter ? FirstPause : pause;
                PostgresLog.Died(logger, pause.TotalMilliseconds);
                await Task.Delay(pause, time, stop);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                started = time.GetTimestamp();
                await RestartAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the platform stops
        }
    }

    private async Task RestartAsync(CancellationToken stop)
    {
        var next = create();
        var last = _server;
        try
        {
            _server = next;
            last?.Dispose();
            await next.StartAsync(stop);
            PostgresLog.Started(logger, next.Id);
            Restarted?.Invoke();
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // Exited is complete, so the watch tries again after a longer pause.
            PostgresLog.RestartFailed(logger, e.Message);
        }
    }
}
