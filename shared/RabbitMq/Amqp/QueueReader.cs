using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Polly;

namespace IoTPlatform.RabbitMq.Amqp;

/// <summary>Keeps one queue's session open, with backoff after failures.</summary>
/// <param name="whose">The tenant's id.</param>
/// <param name="open">A session that reads.</param>
/// <param name="time">For the backoff.</param>
/// <param name="log">For its life.</param>
public sealed partial class QueueReader(string whose, Func<CancellationToken, Task<QueueSession>> open, TimeProvider time, ILogger log) : IAsyncDisposable
{
    /// <summary>Before a session that ended is followed by the next one.</summary>
    private static readonly TimeSpan AfterLoss = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private volatile QueueSession? _session;
    private bool _isDisposed;

    /// <summary>Null: it is not connected now.</summary>
    public QueueSession? Session => _session;

    /// <summary>Of the last attempt to connect; null: it succeeded, or there was none.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>After each session's start.</summary>
    public Func<CancellationToken, Task>? Opened { get; init; }

    /// <summary>After each session's end.</summary>
    public Action? Closed { get; init; }

    /// <summary>After each failed attempt.</summary>
    public Func<Exception, CancellationToken, Task>? Refused { get; init; }

    /// <summary>Once.</summary>
    public void Start() => _running = Task.Run(RunAsync, CancellationToken.None);

    /// <summary>Returns when nothing more is taken.</summary>
    public async Task StopTakingAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _session?.StopTaking();
    }

    /// <summary>Acknowledges what was stored, and closes. Idempotent.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await StopTakingAsync();
        if (_session is not null)
        {
            await _session.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var backoff = CreateBackoff();
        try
        {
            while (true)
            {
                _session = await backoff.ExecuteAsync(async stop => await open(stop), _stop.Token);
                Failure = null;
                Reading(whose);
                if (Opened is not null)
                {
                    await Opened(_stop.Token);
                }

                var reason = await _session.Ended.WaitAsync(_stop.Token);
                Closed?.Invoke();
                Lost(whose, reason);
                await _session.DisposeAsync();
                _session = null;
                await Task.Delay(AfterLoss, time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // the host stops, or the tenant is removed
        }
    }

    private ResiliencePipeline CreateBackoff()
    {
        var retry = Backoff.Endless(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        retry.ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is not null && !_stop.IsCancellationRequested);
        retry.OnRetry = async args =>
        {
            Failure = args.Outcome.Exception!;
            // Only the first of consecutive failures is logged.
            if (args.AttemptNumber == 0)
            {
                Failed(whose, Failure.GetBaseException().Message);
            }

            if (Refused is not null)
            {
                await Refused(Failure, _stop.Token);
            }
        };
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).Build();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reading the telemetry of tenant {Tenant}")]
    private partial void Reading(string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection for the telemetry of tenant {Tenant} ended: {Reason}")]
    private partial void Lost(string tenant, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The telemetry of tenant {Tenant} can't be read at the moment; trying again and again: {Reason}")]
    private partial void Failed(string tenant, string reason);
}
