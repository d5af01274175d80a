using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>Gives commands up whose time is over, and forgets those that ended long ago.</summary>
internal sealed partial class CommandExpiry(IDbContextFactory<TenantDbContext> databases, TimeProvider time, ILogger<CommandExpiry> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var forgotten = now - Kept;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // One statement of SQL: state and audit entries, of as many as there are. Of two processes the second finds none.
        await db.Database.ExecuteSqlAsync($"""
            WITH due AS (
              SELECT id FROM tenant.device_commands WHERE state IN ('queued', 'delivered') AND expires_at <= {now} ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED
            ), expired AS (
              UPDATE tenant.device_commands AS c SET state = 'expired', ended_at = {now} FROM due WHERE c.id = due.id RETURNING c.id, c.device_id, c.name
            )
            SELECT audit.append_many(
              array_agg('system'::text), array_agg('device.command_expired'::text), array_agg(device_id), array_agg(json_build_object('command', id, 'name', name)::text))
            FROM expired HAVING count(*) > 0
            """, cancellationToken);
        await db.DeviceCommands.Where(c => c.EndedAt < forgotten).ExecuteDeleteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (true)
        {
            try
            {
                await RunAsync(stoppingToken);
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

            await Task.Delay(Interval, TimeProvider.System, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Commands can't be given up now; trying again and again: {Reason}")]
    private partial void Failed(string reason);
}
