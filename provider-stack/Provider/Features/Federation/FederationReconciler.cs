using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>Carries out at the identity provider what was decided while it was down, or by a process that did not get there.</summary>
internal sealed partial class FederationReconciler(
    IDbContextFactory<ProviderDb> contexts, NpgsqlDataSource database, FederationSettlement settlement, ProviderOptions options, TimeProvider time, ILogger<FederationReconciler> log) : BackgroundService
{
    private const int BatchSize = 100;
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.WakeInterval, time);
        do
        {
            try
            {
                await SettleDueAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                RoundFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SettleDueAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var due = await db.Tenants
            .Where(t => t.FederationDueAt != null && t.Status != TenantStatus.Removing)
            .OrderBy(t => t.FederationDueAt).Select(t => t.TenantId).Take(BatchSize).ToListAsync(cancellationToken);
        foreach (var tenantId in due)
        {
            await using var held = await TenantLock.TryAcquireAsync(database, tenantId, LockWait, cancellationToken);
            if (held is not null)
                await settlement.TrySettleAsync(tenantId, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is due at the identity provider could not be looked up")]
    private partial void RoundFailed(Exception exception);
}
