using Microsoft.Extensions.Hosting;

namespace IoTPlatform.Hosting;

/// <summary>Looks at everything that the host depends on from its start, so that <see cref="ComponentHealth.Since"/> is when it changed and not when a person looked.</summary>
public sealed class HealthWatch(HealthHistory history, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await history.AskAsync(stoppingToken);
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Whoever asks next gets the reason; the host goes on.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
