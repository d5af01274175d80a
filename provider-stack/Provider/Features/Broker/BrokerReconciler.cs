using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>Carries out at the broker what was decided while it was down, or by a process that did not get there.</summary>
internal sealed partial class BrokerReconciler(
    IDbContextFactory<ProviderDb> contexts, NpgsqlDataSource database, TenantBroker broker, ProviderOptions options, TimeProvider time, ILogger<BrokerReconciler> log) : BackgroundService
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
            .Where(t => t.BrokerDueAt != null && t.Status != TenantStatus.Removing)
            .OrderBy(t => t.BrokerDueAt).Select(t => t.TenantId).Take(BatchSize).ToListAsync(cancellationToken);
        foreach (var tenantId in due)
            await SettleAsync(tenantId, cancellationToken);
    }

    private async Task SettleAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var held = await TenantLock.TryAcquireAsync(database, tenantId, LockWait, cancellationToken);
        if (held is null)
            return;
        try
        {
            await broker.SettleAsync(tenantId, cancellationToken);
            Settled(tenantId);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            TenantFailed(e, tenantId);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker now has what was decided for tenant {Tenant}")]
    private partial void Settled(string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker does not have what was decided for tenant {Tenant} yet")]
    private partial void TenantFailed(Exception exception, string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is due at the broker could not be looked up")]
    private partial void RoundFailed(Exception exception);
}

internal static class BrokerComparison
{
    /// <summary>Member by member, for a broker that can tell all of it.</summary>
    public static IReadOnlyList<BrokerDifference> Of(BrokerTenant expected, BrokerTenant? actual)
    {
        if (actual is null)
            return [new BrokerDifference($"namespace {expected.Namespace}", "present", null)];
        (string What, string Expected, string Actual)[] members =
        [
            ("login", expected.Login, actual.Login),
            ("client id prefix", expected.ClientIdPrefix, actual.ClientIdPrefix),
            ("permissions", expected.Permissions.ToString(), actual.Permissions.ToString()),
            ("publish filters", string.Join(' ', expected.PublishFilters), string.Join(' ', actual.PublishFilters)),
            ("subscribe filters", string.Join(' ', expected.SubscribeFilters), string.Join(' ', actual.SubscribeFilters)),
            ("limits", expected.Limits.ToString(), actual.Limits.ToString()),
            ("suspended", expected.Suspended.ToString(), actual.Suspended.ToString()),
        ];
        return [.. members.Where(m => m.Expected != m.Actual).Select(m => new BrokerDifference($"{m.What} of {expected.Namespace}", m.Expected, m.Actual))];
    }
}
