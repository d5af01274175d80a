using IoTPlatform.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

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
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    protected IEventPublisher Publisher { get; } = publisher;

    /// <summary>Publishes the next ones, and remembers it afterwards.</summary>
    /// <param name="connection">That of the lock.</param>
    /// <param name="cancellationToken">The process stops.</param>
    protected abstract Task<RelayProgress> RelayAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            // Asking whether it can publish costs next to nothing; only a failure is a reason to wait longer.
            var wait = PollInterval;
            try
            {
                await using var lease = Publisher.IsReady ? await AdvisoryLease.TryAcquireAsync(database, key, stoppingToken) : null;
                while (lease is not null && Publisher.IsReady)
                {
                    var progress = await RelayAsync(lease.Connection, stoppingToken);
                    if (failures > 0)
                    {
                        GoesOn();
                    }

                    failures = 0;
                    if (progress != RelayProgress.Behind)
                    {
                        await Task.Delay(progress == RelayProgress.Unsubscribed ? UnsubscribedInterval : PollInterval, time, stoppingToken);
                    }
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (failures++ == 0)
                {
                    Waits(e);
                }

                wait = Backoff(failures);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TimeSpan Backoff(int failures) => TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures), LongestBackoff.TotalSeconds));

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
