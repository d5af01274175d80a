using System.Text.Json;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Provider.Data;
using IoTPlatform.Telemetry;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Commands;

/// <summary>
/// Sends commands to the bridges of their tenants, again and again until each has reported: what a broker does with a message in between is not relied on.
/// Gives up those whose time is over before a tenant had them, or long before it reports, and forgets old ones.
/// </summary>
internal sealed partial class TenantCommandDelivery(IDbContextFactory<ProviderDb> contexts, IBridgeChannel bridges, TimeProvider time, ILogger<TenantCommandDelivery> log) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    /// <summary>Of one that its tenant has not reported.</summary>
    internal static readonly TimeSpan Repetition = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>A tenant that is there reports an end within seconds; one that was restored from a backup may know nothing of the command.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromDays(1);

    /// <summary>Of an end that the provider gave to what a tenant had taken; see <see cref="TenantCommandReports"/>.</summary>
    internal const string Unreported = "the tenant has not reported what became of it";
    private readonly SemaphoreSlim _any = new(0, 1);

    /// <summary>There is a new one.</summary>
    public void Wake()
    {
        if (_any.CurrentCount == 0)
        {
            try
            {
                _any.Release();
            }
            catch (SemaphoreFullException)
            {
                // another one came at the same moment
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _any.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (true)
        {
            try
            {
                await GiveUpAsync(stoppingToken);
                await SendAsync(stoppingToken);
                failing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                {
                    Failed(e.Message);
                }

                failing = true;
            }

            await _any.WaitAsync(Interval, stoppingToken);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (bridges.Tenants is not { Count: > 0 } tenants)
        {
            return;
        }

        foreach (var command in await TakeAsync([.. tenants], cancellationToken))
        {
            var message = new BridgeCommand { Name = command.Name, Payload = TelemetryPayload.OfStored(command.Payload), ExpiresAt = command.ExpiresAt, By = command.CreatedBy };
            await bridges.SendAsync(
                command.TenantId, BridgeCommandTopics.Request(command.DeviceId, command.Id), JsonSerializer.SerializeToUtf8Bytes(message, BridgeCommandJson.Command), command.ExpiresAt, cancellationToken);
        }
    }

    /// <summary>Due ones, each for one process.</summary>
    private async Task<IReadOnlyList<TenantCommandRow>> TakeAsync(string[] tenants, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // SQL: SKIP LOCKED, and what was updated.
        var taken = await db.TenantCommands.FromSql($"""
            WITH due AS (
              SELECT id FROM provider.tenant_commands
              WHERE taken_at IS NULL AND ended_at IS NULL AND next_try_at <= {now} AND expires_at > {now} AND tenant_id = ANY ({tenants})
              ORDER BY next_try_at, id LIMIT {AtOnce} FOR UPDATE SKIP LOCKED
            )
            UPDATE provider.tenant_commands AS c SET next_try_at = {now + Repetition} FROM due WHERE c.id = due.id RETURNING c.*
            """).AsNoTracking().ToListAsync(cancellationToken);
        return [.. taken.OrderBy(command => command.Id)];
    }

    private async Task GiveUpAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var forgotten = now - Kept;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var silent = now - LongestSilence;
        await db.TenantCommands.Where(c => c.TakenAt == null && c.EndedAt == null && c.ExpiresAt <= now)
            .ExecuteUpdateAsync(
                c => c.SetProperty(x => x.State, CommandState.Expired).SetProperty(x => x.EndedAt, now).SetProperty(x => x.Reason, "the tenant's bridge did not take it"), cancellationToken);
        await db.TenantCommands.Where(c => c.TakenAt != null && c.EndedAt == null && c.ExpiresAt <= silent)
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.State, CommandState.Expired).SetProperty(x => x.EndedAt, now).SetProperty(x => x.Reason, Unreported), cancellationToken);
        await db.TenantCommands.Where(c => c.ExpiresAt < forgotten).ExecuteDeleteAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Commands to tenants' devices can't be sent now; trying again and again: {Reason}")]
    private partial void Failed(string reason);
}
