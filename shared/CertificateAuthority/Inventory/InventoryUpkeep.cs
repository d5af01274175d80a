using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Inventory;

/// <summary>Keeps the endpoints up to date every minute and tells those with too many certificates, counts them for budgets, and forgets certificates that ended long ago every hour. Any number of processes may do it on one database.</summary>
internal sealed partial class InventoryUpkeep(InventoryStore store, Func<CancellationToken, Task> countEndpoints, TimeSpan? retention, int? most, TimeProvider time, ILogger<InventoryUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenPurges = TimeSpan.FromHours(1);

    /// <summary>Of a purge, in a minute: it is in no hurry, and writes a lot.</summary>
    private const int PurgeBatches = 100;

    private DateTimeOffset _purged = DateTimeOffset.MinValue;
    private bool _isPurging;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await store.MapAsync(again: true, int.MaxValue, cancellationToken);
        await CountEndpointsGuardedAsync(cancellationToken);
        if (most is { } limit && (await store.TellSurplusAsync(limit, cancellationToken)).Certificates is > 0 and var told)
        {
            Surplus(told, limit);
        }

        var now = time.GetUtcNow();
        if (retention is not { } kept || (!_isPurging && now - _purged < BetweenPurges))
        {
            return;
        }

        _purged = now;
        var pass = await store.PurgeAsync(now - kept, again: !_isPurging, PurgeBatches, cancellationToken);
        _isPurging = pass.More;
        if (pass.Certificates > 0)
        {
            Purged(pass.Certificates);
        }
    }

    /// <summary>It is what takes the longest; the rest goes on without it.</summary>
    private async Task CountEndpointsGuardedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await countEndpoints(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            NotCounted(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} certificates that ended long ago were forgotten; the audit log keeps what was done with them")]
    private partial void Purged(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} endpoints have more than {Limit} certificates that are good; the audit log names them")]
    private partial void Surplus(int count, int limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Endpoints could not be counted for their budgets, which go by what was counted before; trying again in a minute")]
    private partial void NotCounted(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The inventory of certificates could not be brought up to date; trying again in a minute")]
    private partial void Failed(Exception exception);
}
