using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Polly;

namespace IoTPlatform.Database;

/// <summary>Keeps a server running: when it ends, starts the next one, with a backoff while they keep ending.</summary>
internal sealed class PostgresSupervisor(Func<PostgresServerProcess> create, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
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
        var backoff = CreateBackoff();
        try
        {
            await _server!.Exited.WaitAsync(stop);
            while (true)
            {
                PostgresLog.Died(logger, milliseconds: 0);
                await backoff.ExecuteAsync(RunNextAsync, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the platform stops
        }
    }

    private ResiliencePipeline CreateBackoff()
    {
        var retry = Backoff.Endless(FirstWait, LongestWait);
        retry.ShouldHandle = new PredicateBuilder().HandleResult(false);
        retry.OnRetry = args =>
        {
            PostgresLog.Died(logger, args.RetryDelay.TotalMilliseconds);
            return ValueTask.CompletedTask;
        };
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).Build();
    }

    /// <summary>Returns when the next server has ended. False: it ran for a short time only, or not at all.</summary>
    private async ValueTask<bool> RunNextAsync(CancellationToken stop)
    {
        var started = time.GetTimestamp();
        await RestartAsync(stop);
        await _server!.Exited.WaitAsync(stop);
        return time.GetElapsedTime(started) >= StableAfter;
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
            // Exited is complete, so the watch tries again after a longer wait.
            PostgresLog.RestartFailed(logger, e.Message);
        }
    }
}
