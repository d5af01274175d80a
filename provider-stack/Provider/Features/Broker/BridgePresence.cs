using IoTPlatform.Contracts;
using IoTPlatform.Provider.Data;
using IoTPlatform.RabbitMq;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>Which tenants' bridges are connected. Every change is an act of its own: state and audit entry in one statement.</summary>
internal sealed partial class BridgePresence(IDbContextFactory<ProviderDb> contexts, TimeProvider time, ILogger<BridgePresence> log) : IConnectionWatcher
{
    public Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken) =>
        ReconcileAsync(connections.Where(IsBridge).Select(c => c.Vhost!).ToHashSet(StringComparer.Ordinal), cancellationToken);

    /// <param name="tenants">Whose bridges are connected now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReconcileAsync(IReadOnlySet<string> tenants, CancellationToken cancellationToken)
    {
        var connected = tenants.ToArray();
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // One statement of SQL: of several processes with the same news, the second changes nothing. All rows before the audit log: its head is the last lock of every transaction.
        var changes = await db.Database.SqlQuery<Change>($$"""
            WITH changed AS (
              UPDATE provider.tenants SET bridge_up_since = CASE WHEN tenant_id = ANY ({{connected}}) THEN {{now}} END
              WHERE (bridge_up_since IS NOT NULL) <> (tenant_id = ANY ({{connected}}))
              RETURNING tenant_id, bridge_up_since IS NOT NULL AS up
            ), told AS (
              SELECT audit.append_many(
                array_agg('system'::text), array_agg(CASE WHEN up THEN 'bridge.up' ELSE 'bridge.down' END), array_agg(tenant_id), array_agg('{}'::text))
              FROM changed HAVING count(*) > 0
            )
            SELECT changed.tenant_id AS "TenantId", changed.up AS "IsUp" FROM changed, told
            """).ToListAsync(cancellationToken);
        foreach (var change in changes)
        {
            Changed(change.TenantId, change.IsUp ? "up" : "down");
        }
    }

    /// <summary>A tenant's own login in its own namespace.</summary>
    private static bool IsBridge(BrokerConnection connection) =>
        connection.Vhost is { } vhost && TenantId.IsValid(vhost) && connection.User == BridgeAccess.For(vhost).Login;

    [LoggerMessage(Level = LogLevel.Information, Message = "The bridge of tenant {Tenant} is {State}")]
    private partial void Changed(string tenant, string state);

    private sealed record Change(string TenantId, bool IsUp);
}
