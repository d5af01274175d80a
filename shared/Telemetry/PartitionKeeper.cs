using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Telemetry;

/// <summary>Makes the next days' partitions before they are needed, and drops those that retention no longer covers.</summary>
public sealed partial class PartitionKeeper(TelemetryPartitions partitions, TelemetryOptions options, TimeProvider time, ILogger<PartitionKeeper> log) : BackgroundService
{
    private const int DaysAhead = 2;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        for (var ahead = 0; ahead <= DaysAhead; ahead++)
        {
            await partitions.EnsureAsync(today.AddDays(ahead), cancellationToken);
        }

        var oldest = DateOnly.FromDateTime((time.GetUtcNow() - options.Retention).UtcDateTime);
        foreach (var day in await partitions.DropBeforeAsync(oldest, cancellationToken))
        {
            Dropped(day.ToString("O", CultureInfo.InvariantCulture));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(await TryKeepAsync(stoppingToken) ? Interval : RetryInterval, time, stoppingToken);
        }
    }

    private async Task<bool> TryKeepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await KeepAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(e);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Telemetry of {Day} was dropped: retention is over")]
    private partial void Dropped(string day);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The partitions of telemetry could not be kept. Trying again in a minute.")]
    private partial void Failed(Exception exception);
}
