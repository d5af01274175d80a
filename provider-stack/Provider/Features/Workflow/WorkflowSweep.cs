using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Wakes every unfinished workflow, at start, when the bus is back, and at long intervals: a lost wake-up is found here at the latest.</summary>
internal sealed partial class WorkflowSweep(
    IDbContextFactory<ProviderDb> contexts, WorkflowClient workflows, ProviderOptions options, TimeProvider time, ILogger<WorkflowSweep> log) : BackgroundService
{
    /// <summary>Per round; those waiting longest come first, so a thousand waiting tenants don't come all at once.</summary>
    private const int BatchSize = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.WakeInterval, time);
        long? last = null;
        do
        {
            try
            {
                if (!await workflows.BecomesReadyAsync(stoppingToken))
                {
                    last = null;
                }
                else if (last is not { } at || time.GetElapsedTime(at) >= options.SweepInterval)
                {
                    await WakeAsync(stoppingToken);
                    last = time.GetTimestamp();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                RoundFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task WakeAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var unfinished = await db.Tenants
            .Where(t => t.Status == TenantStatus.Joining || t.Status == TenantStatus.Removing)
            .OrderBy(t => t.WorkflowWokenAt.HasValue).ThenBy(t => t.WorkflowWokenAt)
            .Select(t => t.TenantId).Take(BatchSize).ToListAsync(cancellationToken);
        await db.Tenants.Where(t => unfinished.Contains(t.TenantId)).ExecuteUpdateAsync(s => s.SetProperty(t => t.WorkflowWokenAt, now), cancellationToken);
        foreach (var tenantId in unfinished)
        {
            await workflows.WakeAsync(tenantId, cancellationToken);
        }

        if (unfinished.Count > 0)
        {
            Woken(unfinished.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Woke up {Count} unfinished workflows")]
    private partial void Woken(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Unfinished workflows could not be looked up")]
    private partial void RoundFailed(Exception exception);
}

internal static class WorkflowServices
{
    public static IServiceCollection AddWorkflow(this IServiceCollection services) => services
        .AddSingleton<WorkflowEnds>()
        .AddSingleton<TenantLocks>()
        .AddSingleton<TenantWorkflow>()
        .AddSingleton<WorkflowRetries>()
        .AddSingleton<WorkflowClient>()
        .AddHostedService<WorkflowSweep>();
}
