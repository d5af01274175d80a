using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;

namespace IoTPlatform.Events;

/// <summary>Publishes what waits in the database, in one process per database. While it can't, it tries again, with a growing backoff.</summary>
/// <param name="database">Where the events wait.</param>
/// <param name="key">Of the advisory lock.</param>
/// <param name="publisher">Nothing is read while it is not ready.</param>
/// <param name="time">For intervals and backoff.</param>
/// <param name="log">Of the class that inherits.</param>
public abstract partial class Relay(NpgsqlDataSource database, long key, IEventPublisher publisher, TimeProvider time, ILogger log) : BackgroundService
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UnsubscribedInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private AdvisoryLock? _lease;
    private bool _waits;

    protected IEventPublisher Publisher { get; } = publisher;

    /// <summary>Publishes the next ones, and remembers it afterwards.</summary>
    /// <param name="connection">That of the lock.</param>
    /// <param name="cancellationToken">The process stops.</param>
    protected abstract Task<RelayProgress> RelayAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = CreateBackoff();
        try
        {
            while (true)
            {
                await Task.Delay(await backoff.ExecuteAsync(RelayNextAsync, stoppingToken), time, stoppingToken);
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // the platform stops
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    /// <summary>How long to wait for the next ones. Until it can publish it asks at short intervals, within the attempt: only what was relayed ends the backoff.</summary>
    private async ValueTask<TimeSpan> RelayNextAsync(CancellationToken cancellationToken)
    {
        try
        {
            AdvisoryLock? lease;
            while ((lease = Publisher.IsReady ? _lease ??= await AdvisoryLock.TryAcquireAsync(database, key, TimeSpan.Zero, cancellationToken) : null) is null)
            {
                await ReleaseAsync();
                await Task.Delay(PollInterval, time, cancellationToken);
            }

            var progress = await RelayAsync(lease.Connection, cancellationToken);
            if (_waits)
            {
                GoesOn();
            }

            _waits = false;
            return progress switch { RelayProgress.Behind => TimeSpan.Zero, RelayProgress.Unsubscribed => UnsubscribedInterval, _ => PollInterval };
        }
        catch
        {
            await ReleaseAsync();
            throw;
        }
    }

    private ResiliencePipeline CreateBackoff()
    {
        var retry = Backoff.Endless(FirstWait, LongestWait);
        // By default a time-out, which is a cancellation, would be the relay's end.
        retry.ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is not null);
        retry.OnRetry = args =>
        {
            if (!_waits)
            {
                Waits(args.Outcome.Exception!);
            }

            _waits = true;
            return ValueTask.CompletedTask;
        };
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).Build();
    }

    private async ValueTask ReleaseAsync()
    {
        if (_lease is { } lease)
        {
            _lease = null;
            await lease.DisposeAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events can't be published at the moment; they wait in the database")]
    private partial void Waits(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Events are published again")]
    private partial void GoesOn();
}

/// <summary>What a relay found.</summary>
public enum RelayProgress
{
    /// <summary>Nothing that has a subscriber.</summary>
    Unsubscribed,

    /// <summary>All there was is published.</summary>
    CaughtUp,

    /// <summary>There is more.</summary>
    Behind,
}
