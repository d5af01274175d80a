using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Carries out at another server what was decided about tenants while it was down, or by a process that did not get there.</summary>
/// <param name="contexts">Where what is due stands.</param>
/// <param name="locks">The tenants'.</param>
/// <param name="options">How often to look.</param>
/// <param name="time">For the interval.</param>
/// <param name="server">Which one, for the log.</param>
/// <param name="log">Of the class that inherits.</param>
internal abstract partial class DueReconciler(
    IDbContextFactory<ProviderDb> contexts, TenantLocks locks, ProviderOptions options, TimeProvider time, string server, ILogger log) : BackgroundService
{
    private const int BatchSize = 100;
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(1);

    /// <summary>The ids of those tenants for which something is due, longest first.</summary>
    protected abstract IQueryable<string> Due(IQueryable<TenantRow> tenants);

    /// <summary>Under the tenant's lock. Logs what can't be done yet; an exception ends the round.</summary>
    protected abstract Task ReconcileAsync(string tenantId, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.WakeInterval, time);
        do
        {
            try
            {
                await ReconcileDueAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                RoundFailed(e, server);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ReconcileDueAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        foreach (var tenantId in await Due(db.Tenants.Where(t => t.Status != TenantStatus.Removing)).Take(BatchSize).ToListAsync(cancellationToken))
        {
            await using var held = await locks.TryAcquireAsync(tenantId, LockWait, cancellationToken);
            if (held is not null)
            {
                await ReconcileAsync(tenantId, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is due at {Server} could not be looked up")]
    private partial void RoundFailed(Exception exception, string server);
}
