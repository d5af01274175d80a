using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting.Events;

/// <summary>Forgets, every hour, what was handled so long ago that it does not come again.</summary>
internal sealed partial class InboxSweeper(Inbox inbox, TimeProvider time, ILogger<InboxSweeper> log) : BackgroundService
{
    /// <summary>A repetition comes after a crash or a lost connection, within minutes; a queue that nobody read for days has both copies.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private const int BatchSize = 5000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await inbox.ForgetAsync(time.GetUtcNow() - Memory, BatchSize, stoppingToken) == BatchSize)
                {
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The inbox could not be cleared; trying again in an hour")]
    private partial void Failed(Exception exception);
}
