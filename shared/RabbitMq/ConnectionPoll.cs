using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.RabbitMq;

/// <summary>Tells the watchers every few seconds who is connected. While the broker can't be asked, nothing is told: everybody stays what they were.</summary>
internal sealed partial class ConnectionPoll(
    RabbitMqConnections broker, IEnumerable<IConnectionWatcher> watchers, NpgsqlDataSource database, TimeProvider time, ILogger<ConnectionPoll> log) : BackgroundService
{
    /// <summary>"iot-pres" in ASCII. Held from the question on, so that no older answer is written after a newer one.</summary>
    private const long Lock = 0x696f742d70726573;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        string? problem = null;
        do
        {
            try
            {
                await LookAsync(stoppingToken);
                if (problem is not null)
                    Sees();
                problem = null;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once for each reason, not every few seconds.
                var reason = (e as ProblemException)?.Code ?? e.GetType().Name;
                if (reason != problem)
                    Blind(e);
                problem = reason;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var lease = await AdvisoryLease.TryAcquireAsync(database, Lock, cancellationToken);
        if (lease is null)
            return;
        var connections = await broker.ListAsync(cancellationToken);
        foreach (var watcher in watchers)
            await watcher.ReconcileAsync(connections, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Who is connected to the broker can't be told at the moment; everybody counts as what they were")]
    private partial void Blind(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Who is connected to the broker is known again")]
    private partial void Sees();
}
