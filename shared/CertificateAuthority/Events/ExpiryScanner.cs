using IoTPlatform.CertificateAuthority.Inventory;
using IoTPlatform.CertificateAuthority.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Events;

/// <summary>Publishes each certificate that is about to expire and was not replaced, once. Any number of processes may scan one database.</summary>
internal sealed partial class ExpiryScanner(CertificateStore store, InventoryStore inventory, TimeProvider time, ILogger<ExpiryScanner> log) : BackgroundService
{
    /// <summary>Less than what ca.tell_expiring looks back, so that a clock set back in between hides nothing.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(2);

    /// <summary>A batch holds the audit log's lock for some milliseconds.</summary>
    private const int BatchSize = 500;

    /// <summary>Of certificates that are put to their endpoints before a scan: where a backlog of millions is worked off, or more is issued meanwhile, the scan begins all the same.</summary>
    private const int MapBatches = 200;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await ScanAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ScanAsync(CancellationToken cancellationToken)
    {
        await MapGuardedAsync(cancellationToken);
        var told = 0;
        var batch = new ExpiryBatch(0, More: true);
        for (var first = true; batch.More; first = false)
        {
            batch = await store.PublishExpiringAsync(time.GetUtcNow(), BatchSize, first, cancellationToken);
            told += batch.Told;
        }

        if (told > 0)
        {
            Expiring(told);
        }
    }

    /// <summary>What was ordered again a moment ago, maybe by another subject, has its endpoint then; what has none yet is judged by its subject.</summary>
    private async Task MapGuardedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await inventory.MapAsync(again: true, MapBatches, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            NotMapped(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} certificates are about to run out and were not replaced; the audit log names them")]
    private partial void Expiring(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Certificates could not be put to their endpoints; those about to run out are looked for by what is known")]
    private partial void NotMapped(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Certificates that are about to run out could not be looked for; trying again in two minutes")]
    private partial void Failed(Exception exception);
}
