using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>Acts on what PostgreSQL announces, and catches up with what was committed while nobody listened.</summary>
/// <param name="database">That announces.</param>
/// <param name="channel">Its name for them.</param>
/// <param name="what">Is announced, for the log.</param>
/// <param name="log">Of the class that inherits.</param>
public abstract partial class DatabaseNotices(NpgsqlDataSource database, string channel, string what, ILogger log) : BackgroundService
{
    /// <summary>A connection that is silent for so long is asked whether it is still there.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>After each connection that was made: what is announced from now on is heard.</summary>
    protected abstract Task CatchUpAsync(CancellationToken cancellationToken);

    protected abstract Task NoticedAsync(string payload, CancellationToken cancellationToken);

    /// <summary>What has been announced since the last time, at once; one after the other where that is not overridden.</summary>
    protected virtual async Task NoticedAsync(IReadOnlyList<string> payloads, CancellationToken cancellationToken)
    {
        foreach (var payload in payloads)
        {
            await NoticedAsync(payload, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (true)
        {
            try
            {
                await ListenAsync(() => failing = false, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                {
                    Failed(what, e.Message);
                }

                failing = true;
            }

            await Task.Delay(Retry, TimeProvider.System, stoppingToken);
        }
    }

    private async Task ListenAsync(Action listening, CancellationToken cancellationToken)
    {
        await using var announcements = await DatabaseAnnouncements.ListenAsync(database, channel, cancellationToken);
        listening();
        await CatchUpAsync(cancellationToken);
        while (true)
        {
            await NoticedAsync([.. await announcements.NextAsync(LongestSilence, cancellationToken)], cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} are not announced by the database now; listening again and again: {Reason}")]
    private partial void Failed(string what, string reason);
}
